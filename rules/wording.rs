//! The phrases that rules share, so that equal things are said in equal words.
//!
//! Everything here is a piece of a sentence: lower case, no full stop, no line numbers.

use crate::leak::{Exit, Leak, OpKind};

/// `text` as code: on one line, between back-ticks.
pub(super) fn code(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // A back-tick of a raw string would end the code span.
    format!("`{}`", flat.replace('`', "'"))
}

/// The primitive as the stuck operation writes it.
pub(super) fn channel(leak: &Leak) -> String {
    match (leak.op.target.as_str(), &leak.origin) {
        ("", Some(origin)) if !origin.name.is_empty() => code(&origin.name),
        ("", _) => "its channel".to_owned(),
        (target, _) => code(target),
    }
}

/// The primitive as the place that makes it writes it: what a remedy there has to name.
pub(super) fn made(leak: &Leak) -> String {
    match &leak.origin {
        Some(origin) if !origin.name.is_empty() => code(&origin.name),
        _ => channel(leak),
    }
}

/// What is stuck and, when that rests on something, on what: ``send on `ch` blocks for ever if `n` > 1``.
pub(super) fn blocked(leak: &Leak) -> String {
    let channel = channel(leak);
    let what = match leak.op.kind {
        OpKind::Send if leak.op.pipe => format!("write to the pipe {channel} blocks for ever"),
        OpKind::Range if leak.op.pipe => {
            format!("read from the pipe {channel} never comes to its end")
        }
        OpKind::Receive if leak.op.pipe => {
            format!("read from the pipe {channel} blocks for ever")
        }
        OpKind::Send => format!("send on {channel} blocks for ever"),
        OpKind::Receive => format!("receive from {channel} blocks for ever"),
        OpKind::Range => format!("range over {channel} never ends"),
        OpKind::EmptySelect => "empty select blocks for ever".to_owned(),
        OpKind::Select => format!("select on {} blocks for ever", cases(leak)),
        OpKind::Wait => format!("wait for {channel} never ends"),
        OpKind::Room => format!("wait for room in {channel} never ends"),
        OpKind::Lock => format!("lock of {channel} is never got"),
        OpKind::ReadLock => format!("read lock of {channel} is never got"),
        OpKind::CondWait => format!("wait for {channel} never ends"),
        OpKind::Call => {
            format!("goroutine blocks for ever at {channel}")
        }
    };
    if leak.assumptions.is_empty() {
        what
    } else {
        format!("{what} if {}", leak.assumptions.join(" and "))
    }
}

fn cases(leak: &Leak) -> String {
    let names: Vec<_> = leak
        .cases
        .iter()
        .filter(|case| !case.target.is_empty())
        .map(|case| code(&case.target))
        .collect();
    match names.as_slice() {
        [] => channel(leak),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// How the partner was lost: ``the receiver leaves when `case <-ctx.Done()` wins the select``.
pub(super) fn cause(leak: &Leak) -> String {
    let (who, done, act) = match leak.op.kind {
        OpKind::Send if leak.op.pipe => ("reader", "read", "reads"),
        _ if leak.op.pipe => ("writer", "written", "writes"),
        OpKind::Send => ("receiver", "received", "receives"),
        OpKind::Receive if is_only_closed(leak) => {
            ("goroutine that closes it", "done so", "closes it")
        }
        OpKind::Receive | OpKind::Range => ("sender", "sent", "sends"),
        _ => ("partner", "served", "serves"),
    };
    let yet = if leak.served == 0 {
        format!("before it has {done}")
    } else {
        format!("after it has {done} {}", times(leak.served))
    };
    if leak.facts.caller.as_ref().is_some_and(|c| c.left) {
        return format!("nobody {act} once {}", leak.stranding.text.trim());
    }
    if let Some(way) = way_out(leak, who, &yet) {
        return way;
    }
    match leak.stranding.exit {
        Exit::Done => format!("the {who} is done {yet}"),
        Exit::Stuck => format!("the {who} is stuck itself and never {act}"),
        _ if leak.partner.is_none() && leak.op.pipe => {
            format!("in this run nobody ever {act} at its other end")
        }
        _ if is_only_closed(leak) => format!("in this run nobody ever {act}"),
        _ if leak.partner.is_none() => {
            format!("in this run nobody ever {act} on this channel")
        }
        _ => format!("on this path no {who} is ever reached"),
    }
}

/// Whether nothing is ever sent on the channel of a receive: its close is the signal.
fn is_only_closed(leak: &Leak) -> bool {
    leak.op.kind == OpKind::Receive && leak.partner.is_none() && leak.skipped_close.is_some()
}

/// By which way out `who` was lost, if by any: ``the receiver leaves by `return` before it has received``.
pub(super) fn way_out(leak: &Leak, who: &str, yet: &str) -> Option<String> {
    let text = leak.stranding.text.trim();
    let by = |otherwise: &str| match text {
        "" => otherwise.to_owned(),
        text => code(text),
    };
    Some(match leak.stranding.exit {
        Exit::Timer | Exit::Context | Exit::Stop | Exit::Sibling => {
            format!(
                "the {who} leaves when {} wins the select",
                by("another case")
            )
        }
        Exit::Default => format!("the {who} goes on by the `default` of its select"),
        // The end of a body has nothing to quote but its brace.
        Exit::Return if text.starts_with('}') => {
            format!("the {who} comes to the end of its function {yet}")
        }
        Exit::Return => format!("the {who} leaves by {} {yet}", by("`return`")),
        Exit::Break => format!("the {who} leaves its loop by {} {yet}", by("`break`")),
        Exit::Goto => format!("the {who} jumps away by {} {yet}", by("`goto`")),
        Exit::Panic => format!("the {who} is left by a recovered panic {yet}"),
        Exit::Goexit => format!(
            "the goroutine of the {who} ends at {} {yet}",
            by("`runtime.Goexit`")
        ),
        Exit::Done | Exit::Stuck | Exit::Never => return None,
    })
}

/// `once`, `twice`, `3 times`.
pub(super) fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}

/// The remedy for a stuck send, with the reason why it suffices for the sends that can be seen to happen.
pub(super) fn send_remedy(leak: &Leak) -> String {
    let (channel, made) = (channel(leak), made(leak));
    if leak.op.in_loop {
        return guard(leak);
    }
    if leak.siblings > 1 || leak.served > leak.completed_before {
        return format!(
            "give {made} room for every value sent on it, such as `make(chan T, n)` for n sending goroutines; then each \
             send finds room, whether or not anybody still receives"
        );
    }
    if leak.spawned_in_loop {
        return format!(
            "give {made} room for as many values as goroutines send on it (one, if each iteration makes its own \
             channel); then each send finds room, whether or not anybody still receives"
        );
    }
    let room = leak.origin.as_ref().map_or(0, |origin| origin.capacity);
    let sent = leak.completed_before + 1;
    if sent == 1 && room == 0 {
        format!(
            "give {made} room for one value: `make(chan T, 1)`; the first send on {channel} then never blocks, whether or \
             not anybody still receives"
        )
    } else {
        format!(
            "give {made} room for every value sent on it, at least {0}, such as `make(chan T, {0})`; with room for all, each \
             send goes on whether or not anybody still receives",
            sent.max(room + 1)
        )
    }
}

/// The remedy for a send that repeats: no fixed room is enough, so the sender must see that the receiver has left.
pub(super) fn guard(leak: &Leak) -> String {
    let channel = channel(leak).replace('`', "");
    let stop = match leak.stranding.exit {
        Exit::Context => "<-ctx.Done()",
        _ => "<-done",
    };
    format!(
        "send in a select that also waits for a stop signal: `select {{ case {channel} <- v: case {stop}: return }}`, and \
         give that signal on every way out of the receiver; then one of the two cases always becomes ready, while room \
         for a fixed number of values would only be used up later"
    )
}

/// The remedy for a stuck receive whose sender may leave without serving it.
pub(super) fn serve_remedy(leak: &Leak) -> String {
    let channel = channel(leak);
    format!(
        "serve {channel} on every way out of the sender: by a value or, when no other goroutine sends, by \
         `defer close({})`; a receive from a closed channel never blocks",
        channel.replace('`', "")
    )
}
