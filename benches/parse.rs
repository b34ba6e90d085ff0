//! Bytes to syntax trees, one thread: `cargo bench --bench parse`.

mod common;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use goleash::syntax::parse_file;
use std::hint::black_box;

fn parse(criterion: &mut Criterion) {
    let directories = common::loaded(&common::folder());
    let files: Vec<_> = directories.iter().flat_map(|d| &d.files).collect();
    let bytes = files.iter().map(|f| f.bytes.len() as u64).sum();
    let mut group = criterion.benchmark_group("parse");
    group.throughput(Throughput::Bytes(bytes)).sample_size(20);
    group.bench_function("files", |bencher| {
        bencher.iter(|| {
            for file in &files {
                black_box(parse_file(&file.bytes));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
