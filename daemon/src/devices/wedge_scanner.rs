//! Keyboard-wedge scanners: from the configuration to the driver.

use gatewarden_config::{WedgeLayout, WedgeScanner, WedgeTerminator, WedgeWhich};
use gatewarden_model::DeviceId;
use gatewarden_wedge::{Layout, Settings, Terminator, Which};

use super::Supplies;

pub(super) async fn drive(name: DeviceId, told: WedgeScanner, supplies: Supplies) {
    let Supplies { clock, events, stop, .. } = supplies;
    let WedgeScanner { which, layout, terminator, pause_ms } = told;
    let which = match which {
        WedgeWhich::Path(path) => Which::Path(path),
        WedgeWhich::Usb { vendor, product, serial, port } => {
            Which::Usb { vendor, product, serial, port }
        }
    };
    let layout = match layout {
        WedgeLayout::Us => Layout::Us,
        WedgeLayout::De => Layout::De,
        WedgeLayout::Fr => Layout::Fr,
    };
    let terminator = match terminator {
        WedgeTerminator::Enter => Terminator::Enter,
        WedgeTerminator::Tab => Terminator::Tab,
        WedgeTerminator::Both => Terminator::Both,
    };
    let settings = Settings { which, layout, terminator, pause_ms };
    gatewarden_wedge::run(name, settings, clock, events, stop).await;
}
