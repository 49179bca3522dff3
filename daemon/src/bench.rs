//! placeholder
use std::process::ExitCode;
#[derive(Debug, clap::Subcommand)]
pub(crate) enum BenchVerb {
    /// x
    Ledger,
}
pub(crate) fn bench(_v: BenchVerb) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
