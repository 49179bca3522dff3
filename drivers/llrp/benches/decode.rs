//! `cargo bench -p gatewarden-llrp`: tag reports decoded a second on one core.

fn main() {
    match gatewarden_llrp::bench::bench_decode(4.0) {
        Ok(rates) => println!(
            "llrp decode, {} tags a report ({} bytes): {:.2} M tag reports/s to reads, \
             {:.2} M/s borrowed ({})",
            rates.tags_a_report,
            rates.frame_bytes,
            rates.to_reads_per_s / 1e6,
            rates.borrowed_per_s / 1e6,
            rates.includes
        ),
        Err(error) => println!("llrp decode: {error}"),
    }
}
