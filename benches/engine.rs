//! Directories in memory to findings, one after the other: `cargo bench --bench engine`.

mod common;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use goleash::analyze::{Options, directory};
use std::hint::black_box;

fn engine(criterion: &mut Criterion) {
    let directories = common::loaded(&common::folder());
    let files = directories.iter().flat_map(|d| &d.files);
    let bytes = files.map(|f| f.bytes.len() as u64).sum();
    let options = Options::default();
    let mut group = criterion.benchmark_group("engine");
    group.throughput(Throughput::Bytes(bytes)).sample_size(10);
    group.bench_function("directories", |bencher| {
        bencher.iter(|| {
            for one in &directories {
                black_box(directory(one, &options));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);
