//! Programs of others that tests run: found, or a reason to skip.

/// What was found; without, says why the test is skipped, which is a failure with `CI=true` in the environment.
pub(crate) fn or_skip<T>(found: Result<T, String>) -> Option<T> {
    match found {
        Ok(found) => Some(found),
        Err(why) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
            eprintln!("skipped: {why}");
            None
        }
    }
}
