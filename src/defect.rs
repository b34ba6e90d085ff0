//! Panics: caught, remembered with their place and with what was looked at, and told as what they are, defects of goleash.
//!
//! In: work that may panic, and from that work a word on what it is at. Out: its result, or a sentence for the user.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Once};

const REPORT: &str =
    "this is a bug in goleash, please report it at https://github.com/goleash/goleash/issues";

thread_local! {
    static LAST: RefCell<Told> = RefCell::new(Told::default());
    static AT: RefCell<Option<(Arc<str>, String)>> = const { RefCell::new(None) };
    static RULE: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// A panic of this thread.
#[derive(Default)]
struct Told {
    text: String,
    /// Where in goleash, and what was looked at.
    place: String,
}

/// This thread looks at a function of a file from now on.
pub fn looking_at(file: &Arc<str>, function: &str) {
    AT.set(Some((Arc::clone(file), function.to_owned())));
    RULE.set(None);
}

/// This thread asks a rule from now on.
pub fn asking(rule: &'static str) {
    RULE.set(Some(rule));
}

/// Keeps the text of panics for [`guard`] instead of printing it, except where a backtrace is asked for.
pub fn remember() {
    static ONCE: Once = Once::new();
    ONCE.call_once(install);
}

fn install() {
    let print = panic::take_hook();
    let backtrace = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    panic::set_hook(Box::new(move |info| {
        let mut place = String::new();
        // Writing to a `String` cannot fail.
        if let Some(at) = info.location() {
            let _ = write!(place, " at {}:{}", at.file(), at.line());
        }
        if let Some((file, function)) = AT.take() {
            let _ = write!(place, ", while it looked at `{function}` in {file}");
        }
        if let Some(rule) = RULE.take() {
            let _ = write!(place, ", rule {rule}");
        }
        LAST.set(Told {
            text: text(info.payload()),
            place,
        });
        if backtrace {
            print(info);
        }
    }));
}

/// Runs `work`; a panic becomes a sentence for the user.
pub fn guard<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    AT.set(None);
    RULE.set(None);
    // Whatever the panic left half done is dropped with the closure.
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = text(&*payload);
        // Another thread's panic, handed on to this one, has left nothing here.
        let last = LAST.take();
        let place = if last.text == text {
            last.place
        } else {
            String::new()
        };
        format!("internal error: {text}{place}; {REPORT}")
    })
}

/// A panic on the way from the thread that met it to the one it worked for.
pub struct Held {
    payload: Box<dyn Any + Send>,
    told: Told,
}

/// Runs `work` for another thread; a panic is held until [`go_on`] lets it go on there.
///
/// # Errors
///
/// The panic.
pub fn hold<T>(work: impl FnOnce() -> T) -> Result<T, Held> {
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|payload| Held {
        payload,
        told: LAST.take(),
    })
}

/// Lets a panic go on in this thread.
pub fn go_on(held: Held) -> ! {
    LAST.set(held.told);
    panic::resume_unwind(held.payload)
}

fn text(payload: &(dyn Any + Send)) -> String {
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    let text = payload.downcast_ref::<&str>().copied().or(owned);
    text.unwrap_or("panic").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_with_what_was_looked_at() {
        remember();
        let told = guard(|| {
            looking_at(&"m/a.go".into(), "(*T).loop");
            asking("early-return");
            panic!("no {}", "more");
        });
        let told = told.expect_err("a panic");
        let wanted = "internal error: no more at src/defect.rs:";
        assert!(told.starts_with(wanted), "{told}");
        let wanted = ", while it looked at `(*T).loop` in m/a.go, rule early-return; this is a bug";
        assert!(told.contains(wanted), "{told}");
        // The next one knows nothing of that.
        let told = guard(|| panic!("again")).expect_err("a panic");
        assert!(!told.contains("m/a.go"), "{told}");
    }

    #[test]
    fn a_panic_of_a_helping_thread_keeps_what_was_looked_at() {
        remember();
        let told = guard(|| {
            let help = || {
                looking_at(&"m/a.go".into(), "(*T).loop");
                panic!("no more");
            };
            let held = std::thread::spawn(move || hold(help)).join();
            match held.expect("no panic gets out") {
                Ok(()) => {}
                Err(held) => go_on(held),
            }
        });
        let told = told.expect_err("a panic");
        assert!(told.contains("no more at src/defect.rs:"), "{told}");
        assert!(told.contains("`(*T).loop` in m/a.go"), "{told}");
    }

    #[test]
    fn a_panic_of_another_thread_keeps_its_text() {
        remember();
        let told = guard(|| {
            let other = std::thread::spawn(|| panic!("elsewhere"));
            panic::resume_unwind(other.join().expect_err("a panic"));
        });
        let told = told.expect_err("a panic");
        assert!(told.starts_with("internal error: elsewhere"), "{told}");
    }
}
