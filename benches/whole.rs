//! A whole run beside reading and parsing the same files, all threads: `cargo bench --bench whole`.

mod common;

use criterion::{Criterion, criterion_group, criterion_main};

fn whole(criterion: &mut Criterion) {
    let folder = common::folder();
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let output = scratch.path().join("findings");
    let mut group = criterion.benchmark_group("whole");
    group.sample_size(10);
    group.bench_function("read and parse", |bencher| {
        bencher.iter(|| common::read_and_parse(&folder));
    });
    group.bench_function("run", |bencher| {
        bencher.iter(|| common::whole_run(&folder, &output));
    });
    group.finish();
}

criterion_group!(benches, whole);
criterion_main!(benches);
