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
    let config = shell(&dir.join("gateway.toml"));
    println!("{}: {}", chosen.name, chosen.about);
    chosen.files.iter().for_each(|(path, _)| println!("  {}", dir.join(path).display()));
    println!(
        "
Next:
  1. Read and change {config}: items, places, accounts, devices.
       gatewarden check --config {config}
  2. Look around on simulated devices, in two windows:
       gatewarden run --config {config}
       gatewarden-sim run {simulators}
  3. The first start prints a one-time code: with it enrol the first administrator, then a second one.
       gatewarden operator add NAME --role ROLE --badge OP-… --reason … --config {config}
       gatewarden change approve ID --badge OP-… --config {config}
  4. Say yes to each device once, when you have looked at it:
       gatewarden change list --config {config}
  5. See who may do what, and whether anybody holds both sides of a duty:
       gatewarden access matrix --config {config}
       gatewarden access sod --config {config}",
        simulators = shell(&dir.join("simulators.toml")),
    );
}

/// A path as a shell takes it.
fn shell(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
