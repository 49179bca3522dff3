//! `gatewarden init`: writes a configuration to begin with.
//!
//! Invariants: nothing is overwritten, and where one file can't be written none stays; what was written has
//! passed `check`. Absent: people, who are enrolled while the daemon runs.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use gatewarden_config::{SystemEnvironment, TEMPLATE_GATEWAY, Template, template, templates};

/// Which configuration, and where.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// What to begin with; --list tells what there is.
    #[arg(long, required_unless_present = "list")]
    template: Option<String>,
    /// The folder that it is written into; it is made where it is missing.
    #[arg(required_unless_present = "list")]
    dir: Option<PathBuf>,
    /// The gateway's name, with which it signs its ledger. Choose it once and keep it.
    #[arg(long, default_value = TEMPLATE_GATEWAY)]
    name: String,
    /// Tell which templates there are, and write nothing.
    #[arg(long)]
    list: bool,
}

/// Writes a template, or tells what there is.
pub(crate) fn init(args: &InitArgs) -> anyhow::Result<ExitCode> {
    if args.list {
        templates().for_each(|one| println!("{}\t{}", one.name, one.about));
        return Ok(ExitCode::SUCCESS);
    }
    let (Some(name), Some(dir)) = (&args.template, &args.dir) else {
        bail!("say --template and DIR")
    };
    let Some(chosen) = template(name) else {
        let names: Vec<_> = templates().map(|one| one.name).collect();
        bail!("there is no template {name:?}: use {}", names.join(" or "));
    };
    gatewarden_model::DeviceId::parse(&args.name)
        .map_err(|error| anyhow::anyhow!("--name: {:?}: {}", args.name, error.rule))?;
    let dir = std::path::absolute(dir).with_context(|| dir.display().to_string())?;
    write(chosen, &dir, &args.name)?;
    told(chosen, &dir);
    Ok(ExitCode::SUCCESS)
}

fn write(chosen: &Template, dir: &Path, name: &str) -> anyhow::Result<()> {
    let folder =
        dir.to_str().filter(|text| !text.contains(['"', '\\']) && !text.contains(char::is_control));
    let folder = folder.with_context(|| {
        format!(
            "{}: quotes and backslashes can't stand in paths: use another folder",
            dir.display()
        )
    })?;
    let files: Vec<_> = chosen.written(folder, name).collect();
    let there: Vec<_> = files
        .iter()
        .map(|(path, _)| dir.join(path))
        .filter(|path| path.symlink_metadata().is_ok())
        .collect();
    ensure!(there.is_empty(), "nothing was written, because there is already {}", listed(&there));
    let mut made = Vec::new();
    for (path, text) in &files {
        let path = dir.join(path);
        if let Err(error) = create(&path, text) {
            // Half a configuration would only puzzle.
            made.iter().for_each(|path: &PathBuf| drop(fs::remove_file(path)));
            return Err(error).with_context(|| format!("failed to write {}", path.display()));
        }
        made.push(path);
    }
    let checked = gatewarden_config::check(&dir.join(files[0].0), &SystemEnvironment);
    ensure!(
        checked.config.is_some(),
        "{}",
        gatewarden_config::render(&checked.mistakes, &checked.source)
    );
    Ok(())
}

fn create(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::File::create_new(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// What was written, and what comes next.
fn told(chosen: &Template, dir: &Path) {
    println!("{}: {}", chosen.name, chosen.about);
    chosen.files.iter().for_each(|(path, _)| println!("  {}", dir.join(path).display()));
    let at = |name: &str| shell(&dir.join(name));
    let (config, simulators, order) = (at("gateway.toml"), at("simulators.toml"), at("order.json"));
    print!("{}", begin(&config, &simulators));
    print!("{}", people(&config));
    print!("{}", deliver(&config, &simulators, &order));
}

/// From the files to a gateway with its devices and two administrators.
fn begin(config: &str, simulators: &str) -> String {
    format!(
        "
Next, line by line; nothing but this program is needed:
  1. Look at {config}: items, places, accounts, devices. It is right as it is.
       gatewarden check --config {config}
  2. Start the gateway, in a window of its own. It prints a one-time code.
       gatewarden run --config {config}
  3. In a second window, start simulated devices for it: doors, scanners, lamps, a printer. They stay.
       gatewarden demo devices {simulators}
  4. In a third window, enrol the first administrator with that code, then a second one. Each command asks for
     what it needs. ID is what \"add\" printed first; \"add\" and \"approve\" each print half of the code that
     \"activate\" asks for.
       gatewarden operator first ada --badge OP-1000 --config {config}
       gatewarden operator add ben --role administrator --badge OP-1001 --config {config}
       gatewarden change approve ID --badge OP-1000 --config {config}
       gatewarden operator activate ben --config {config}
  5. Say yes to the devices, once the list shows all of them and you have looked at each.
       gatewarden change list --config {config}
       gatewarden change approve --devices --badge OP-1000 --config {config}
"
    )
}

/// Who buys, who approves, who receives.
fn people(config: &str) -> String {
    let all = [
        ("chen.buyer", "buyer", "OP-1002"),
        ("wu.manager", "department-manager", "OP-1003"),
        ("li.wei", "receiving-clerk", "OP-1004"),
    ];
    let one = |(name, role, badge): (&str, &str, &str)| {
        format!(
            "       gatewarden operator add {name} --role {role} --badge {badge} --config {config}
       gatewarden change approve ID --badge OP-1000 --config {config}
       gatewarden change approve ID --badge OP-1001 --config {config}
       gatewarden operator activate {name} --config {config}
"
        )
    };
    let head = "  6. Enrol somebody who buys, who approves, who receives. Two administrators say yes now, and each of them
     gets half of the code; the half of \"add\" does not count.
";
    std::iter::once(head.to_owned()).chain(all.map(one)).collect()
}

/// An order, its signature, a delivery, and what it left.
fn deliver(config: &str, simulators: &str, order: &str) -> String {
    format!(
        "  7. Order six pieces, and have it signed. (People sign in a browser: http://127.0.0.1:8420/inbox)
       gatewarden document import {order} --badge OP-1002 --config {config}
       gatewarden document submit purchase-order PO-1 --badge OP-1002 --config {config}
       gatewarden document sign purchase-order PO-1 approve --badge OP-1003 --config {config}
  8. Sign li.wei (OP-1004) in at the receiving door, in a browser, and within two minutes let the delivery in.
       http://127.0.0.1:8420/stations/receiving/page
       gatewarden demo act {simulators} yard pass plot=straight way=in strays=false pieces=6 speed=2
  9. See who, when, what, where, on which document and by which rule; and that nothing was changed since.
       gatewarden ledger trace document PO-1 --config {config}
       gatewarden ledger stock --value --config {config}
       gatewarden ledger verify --config {config}
  10. See who may do what, and whether anybody holds both sides of a duty.
       gatewarden access matrix --config {config}
       gatewarden access sod --config {config}
"
    )
}

/// A path as a shell takes it.
fn shell(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
