//! Panics: caught, remembered with their place, and told as what they are, defects of goleash.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};

const REPORT: &str =
    "this is a bug in goleash, please report it at https://github.com/goleash/goleash/issues";

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the text of panics for [`guard`] instead of printing it, except where a backtrace is asked for.
pub fn remember() {
    let print = panic::take_hook();
    let backtrace = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    panic::set_hook(Box::new(move |info| {
        let payload = info.payload();
        let owned = payload.downcast_ref::<String>().map(String::as_str);
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or(owned)
            .unwrap_or("panic");
        let at = info
            .location()
            .map(|l| format!(" at {}:{}", l.file(), l.line()));
        LAST.set(format!("{text}{}", at.unwrap_or_default()));
        if backtrace {
            print(info);
        }
    }));
}

/// Runs `work`; a panic becomes a sentence for the user.
pub fn guard<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // Whatever the panic left half done is dropped with the closure.
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        let text = LAST.take();
        let text = if text.is_empty() { "panic" } else { &text };
        format!("internal error: {text}; {REPORT}")
    })
}
