//! `http-no-timeout`: a goroutine makes an HTTP request that may take for ever.

use super::wording::code;
use crate::finding::Diagnosis;
use crate::leak::{Leak, OpKind};

pub(super) fn classify(leak: &Leak) -> Option<Diagnosis> {
    (leak.op.kind == OpKind::Call).then(|| Diagnosis {
        message: format!(
            "{} in a goroutine waits without limit if {}",
            code(&leak.op.target),
            leak.assumptions.join(" and ")
        ),
        help: "make the request with `http.NewRequestWithContext` and a context that ends, or by a client with a `Timeout`; \
               the goroutine then ends whether or not the other side answers"
            .to_owned(),
        fixes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::leak;
    use super::*;
    use crate::leak::Exit;

    #[test]
    fn the_call_is_named() {
        let mut call = leak(OpKind::Call, Exit::Never, "");
        call.op.target = "http.Get".to_owned();
        call.assumptions = vec!["the other side does not answer".to_owned()];
        let said = classify(&call).expect("claimed");
        assert_eq!(
            said.message,
            "`http.Get` in a goroutine waits without limit if the other side does not answer"
        );
    }

    #[test]
    fn an_operation_on_a_channel_is_none() {
        assert_eq!(classify(&leak(OpKind::Receive, Exit::Never, "")), None);
    }
}
