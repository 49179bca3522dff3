//! `gatewarden ledger stock`, `ageing` and `vouchers`: the views of `crate::views` as tables or JSON.
//! They read only, beside the running daemon and on a copy of the files.

use std::process::ExitCode;

use clap::Args;
use gatewarden_model::{Bucket, Day, FieldRights, ItemId, Location, Masked, StockStatus};
use gatewarden_store::BalanceFilter;

use super::which::Which;
use crate::{
    clock::SystemClock,
    plain::plain,
    views::{
        self, Row, Shown,
        ageing::{self, Aged, Band},
        past::{self, Evening, View},
        vouchers,
    },
};

/// Which stock.
#[derive(Debug, Args)]
pub(crate) struct Filter {
    /// Only this item.
    #[arg(long)]
    item: Option<ItemId>,
    /// Only at or below this location.
    #[arg(long)]
    location: Option<Location>,
    /// Only this lot.
    #[arg(long)]
    lot: Option<String>,
    /// Only of this owner; `house` for the house's own.
    #[arg(long)]
    owner: Option<String>,
    /// Only in this status: available, quality-inspection, blocked, reserved.
    #[arg(long, value_parser = status)]
    status: Option<StockStatus>,
    /// Only in this handling unit (SSCC); `none` for loose stock.
    #[arg(long)]
    unit: Option<String>,
}

fn status(text: &str) -> Result<StockStatus, String> {
    let names = StockStatus::ALL.map(StockStatus::name).join(", ");
    let found = StockStatus::ALL.into_iter().find(|s| s.name() == text);
    found.ok_or_else(|| format!("use one of {names}"))
}

impl Filter {
    fn balances(self, physical: bool) -> BalanceFilter {
        let besides = |word: &str, text: String| (text != word).then_some(text);
        BalanceFilter {
            item: self.item,
            below: self.location,
            physical,
            lot: self.lot,
            owner: self.owner.map(|owner| besides("house", owner)),
            status: self.status,
            unit: self.unit.map(|unit| besides("none", unit)),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct StockArgs {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    filter: Filter,
    /// Also the virtual locations.
    #[arg(long)]
    all: bool,
    /// At the end of this day, such as 2026-11-22, instead of now.
    #[arg(long, value_name = "DAY")]
    on: Option<Day>,
    /// Of that day: what is known of it today, or what was known that evening.
    #[arg(long, value_enum, requires = "on")]
    view: Option<View>,
    /// With values.
    #[arg(long)]
    value: bool,
    /// Print one JSON array.
    #[arg(long)]
    json: bool,
}

/// Runs `gatewarden ledger stock`.
pub(super) fn stock(args: StockArgs) -> anyhow::Result<ExitCode> {
    let ledger = args.which.open()?;
    let filter = args.filter.balances(!args.all);
    let shown = if args.value { Shown::Values } else { Shown::Quantities };
    let rows = match args.on {
        None => views::now(&ledger, &filter, shown)?,
        Some(day) => {
            let offset_min = args.which.utc_offset_min()?;
            let evening = Evening { day, offset_min, view: args.view.unwrap_or_default() };
            past::stock(&ledger, &filter, evening, shown)?
        }
    };
    if args.json {
        println!("{}", serde_json::to_string(&rows)?);
    } else {
        print_rows(&rows, shown);
    }
    Ok(ExitCode::SUCCESS)
}

/// A bucket beside its lot, in words.
fn besides_lot(bucket: &Bucket) -> String {
    let status = (bucket.status != StockStatus::Available).then(|| bucket.status.name().to_owned());
    let owner = bucket.owner.as_ref().map(|owner| format!("of {owner}"));
    let unit = bucket.unit.as_ref().map(|unit| format!("in {unit}"));
    [status, owner, unit].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn print_rows(rows: &[Row], shown: Shown) {
    let value = if shown == Shown::Values { "value" } else { "" };
    let head =
        format!("{:<24} {:<16} {:<32} {:>12} {value:>14}", "item", "lot", "location", "quantity");
    println!("{}", head.trim_end());
    for row in rows {
        let lot = row.bucket.lot.as_deref().unwrap_or("-");
        let value = row.value.map(|v| v.to_string()).unwrap_or_default();
        let line = format!(
            "{:<24} {lot:<16} {:<32} {:>12} {value:>14}  {}",
            row.item.as_str(),
            row.location.as_str(),
            row.quantity,
            besides_lot(&row.bucket)
        );
        println!("{}", plain(line.trim_end()));
    }
}

#[derive(Debug, Args)]
pub(crate) struct AgeingArgs {
    #[command(flatten)]
    which: Which,
    /// Only this item.
    #[arg(long)]
    item: Option<ItemId>,
    /// Only at or below this location.
    #[arg(long)]
    location: Option<Location>,
    /// With values.
    #[arg(long)]
    value: bool,
    /// Print one JSON array.
    #[arg(long)]
    json: bool,
}

/// Runs `gatewarden ledger ageing`.
pub(super) fn age(args: AgeingArgs) -> anyhow::Result<ExitCode> {
    let shown = if args.value { Shown::Values } else { Shown::Quantities };
    let today = Day::of(&SystemClock::shared().now(), args.which.utc_offset_min()?);
    let filter =
        BalanceFilter { item: args.item, below: args.location, ..BalanceFilter::default() };
    let rows = ageing::ageing(&args.which.open()?, &filter, today, shown)?;
    if args.json {
        println!("{}", serde_json::to_string(&rows)?);
        return Ok(ExitCode::SUCCESS);
    }
    let heads = ["0-30 days", "31-90 days", "> 90 days"].map(|head| format!("{head:>24}"));
    println!("{:<24} {:<16} {:<24} {:<10}{}", "item", "lot", "location", "oldest", heads.concat());
    let band = |band: &Band| {
        let value = band.value.map(|v| format!(" ({v})")).unwrap_or_default();
        format!("{:>24}", format!("{}{value}", band.quantity))
    };
    for row in &rows {
        let Aged { item, location, lot, oldest, days_0_30, days_31_90, days_over_90, .. } = row;
        let bands = [days_0_30, days_31_90, days_over_90].map(band).concat();
        let (item, location, oldest) = (item.as_str(), location.as_str(), oldest.to_string());
        let lot = lot.as_deref().unwrap_or("-");
        println!("{}", plain(&format!("{item:<24} {lot:<16} {location:<24} {oldest:<10}{bands}")));
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Args)]
pub(crate) struct VoucherArgs {
    #[command(flatten)]
    which: Which,
    /// The first day they count for.
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    /// The last day they count for.
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
    /// Print comma-separated values instead of a JSON array.
    #[arg(long)]
    csv: bool,
}

/// Runs `gatewarden ledger vouchers`.
pub(super) fn list_vouchers(args: VoucherArgs) -> anyhow::Result<ExitCode> {
    let offset = args.which.utc_offset_min()?;
    let (found, more) = vouchers::between(&args.which.open()?, args.from, args.to, offset)?;
    anyhow::ensure!(
        !more,
        "there are more than {} vouchers: ask for fewer days",
        vouchers::VOUCHERS_MAX
    );
    if args.csv {
        // The files are this account's own.
        print!("{}", vouchers::csv(&Masked::new(found, &FieldRights::all())));
    } else {
        println!("{}", serde_json::to_string(&found)?);
    }
    Ok(ExitCode::SUCCESS)
}
