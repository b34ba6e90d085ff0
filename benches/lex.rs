//! Bytes to outlines, one thread: `cargo bench --bench lex`.

mod common;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use goleash::outline::outline;
use std::hint::black_box;

fn lex(criterion: &mut Criterion) {
    let directories = common::loaded(&common::folder());
    let files: Vec<_> = directories.iter().flat_map(|d| &d.files).collect();
    let bytes = files.iter().map(|f| f.bytes.len() as u64).sum();
    let mut group = criterion.benchmark_group("lex");
    group.throughput(Throughput::Bytes(bytes)).sample_size(20);
    group.bench_function("files", |bencher| {
        bencher.iter(|| {
            for file in &files {
                black_box(outline(&file.bytes));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, lex);
criterion_main!(benches);
