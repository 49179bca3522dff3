//! Makes a label from its printer's templates; reads files, so it runs off the async threads.

use std::path::{Path, PathBuf};

use gatewarden_config::{Device, DeviceKind, LabelPrinter, Mistake, Severity};
use gatewarden_model::{DeviceId, Hash, ItemId, Label, LabelId, LabelTag};
use gatewarden_zpl::{
    Encode, compose,
    template::{Font, LabelData, Templates, epc_bytes},
};
use uuid::Uuid;

use super::LabelError;
use crate::trace;

/// Longest font file in bytes.
const FONT_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// A label with its format.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) label: Label,
    pub(crate) zpl: String,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) template: String,
    pub(crate) data: LabelData,
    pub(crate) document: Option<String>,
    pub(crate) copies: u32,
}

fn bad(error: impl std::fmt::Display) -> LabelError {
    LabelError::Bad(error.to_string())
}

/// Makes a label under a new id.
pub(crate) fn make(
    printer: DeviceId,
    settings: &LabelPrinter,
    Wanted { template, data, document, copies }: Wanted,
) -> Result<Made, LabelError> {
    let templates = load(settings)?;
    let rendered = templates.render(&template, &data).map_err(bad)?;
    let epc = data.epc.as_deref().map(epc_bytes).transpose().map_err(bad)?;
    let item = data.item.as_deref().map(ItemId::parse).transpose();
    let item = item.map_err(|error| bad(format!("item: {error}")))?;
    let id = LabelId(Uuid::now_v7());
    let token = id.0.simple().to_string();
    let tid_bytes = settings.tid_bytes;
    let tag = epc.as_deref().map(|epc| Encode { epc, tid_bytes });
    let format = compose(&rendered, &token, copies, tag).map_err(bad)?;
    let zpl = String::from_utf8(format.zpl).map_err(bad)?;
    let digest = templates.digest(&template);
    let template_digest = digest.ok_or_else(|| bad(format!("no template {template:?}")))?;
    let tag = format.echo.map(|epc| {
        let key = trace::tag_key(&epc).unwrap_or_else(|| format!("hex:{epc}"));
        LabelTag { epc, key }
    });
    let (lot, serial, sscc) = (data.lot, data.serial, data.sscc);
    let format = Hash::of(zpl.as_bytes());
    let label = Label {
        id,
        printer,
        template,
        template_digest,
        format,
        copies,
        item,
        lot,
        serial,
        sscc,
        document,
        tag,
    };
    Ok(Made { label, zpl })
}

/// What is wrong with the templates and fonts of the configured printers.
pub(crate) fn mistakes(devices: &[Device]) -> Vec<Mistake> {
    let printers = devices.iter().filter_map(|device| match &device.kind {
        DeviceKind::LabelPrinter(settings) if settings.templates.is_some() => {
            Some((&device.name, settings))
        }
        _ => None,
    });
    let wrong = printers.filter_map(|(name, settings)| {
        Some((name, settings.templates.as_ref()?, load(settings).err()?))
    });
    let told = |(name, folder, error): (&DeviceId, &PathBuf, LabelError)| Mistake {
        file: folder.clone(),
        line: 1,
        column: 1,
        width: 1,
        severity: Severity::Error,
        code: "bad-template",
        message: format!("printer {name}: {error}"),
        expected: "templates and fonts that can be used".to_owned(),
        hint: None,
    };
    wrong.map(told).collect()
}

fn load(settings: &LabelPrinter) -> Result<Templates, LabelError> {
    let wrong = |path: &Path, error: &dyn std::fmt::Display| {
        LabelError::Bad(format!("{}: {error}", path.display()))
    };
    let folder = settings.templates.as_deref();
    let folder = folder.ok_or_else(|| {
        bad("this printer has no `templates` folder in the configuration: it is only watched")
    })?;
    let mut fonts = Vec::new();
    for path in &settings.fonts {
        let size = std::fs::metadata(path).map_err(|e| wrong(path, &e))?.len();
        if size > FONT_BYTES_MAX {
            return Err(wrong(path, &"a font of more than 32 MiB"));
        }
        fonts.push(std::fs::read(path).map_err(|e| wrong(path, &e))?);
    }
    let font = if fonts.is_empty() {
        None
    } else {
        Some(Font::parse(fonts).map_err(|e| wrong(folder, &e))?)
    };
    let mut templates = Templates::new(font);
    for entry in std::fs::read_dir(folder).map_err(|e| wrong(folder, &e))? {
        let path = entry.map_err(|e| wrong(folder, &e))?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str());
        let (Some(name), true) = (name, path.extension().is_some_and(|ext| ext == "zpl")) else {
            continue;
        };
        let text = std::fs::read_to_string(&path).map_err(|e| wrong(&path, &e))?;
        templates.add(name, text).map_err(|e| wrong(&path, &e))?;
    }
    Ok(templates)
}
