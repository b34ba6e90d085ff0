//! Checkstyle XML, which many build servers read: findings grouped by file, columns in bytes.

use super::active;
use super::text::one_line;
use crate::analyze::Report;
use crate::finding::{Finding, Severity};
use crate::source::SourceFile;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, Event};
use std::io;

/// The version of Checkstyle whose form this is; readers want one.
const VERSION: &str = "8.0";

/// The findings as one `checkstyle` element.
pub fn render(report: &Report) -> String {
    let findings: Vec<_> = active(report)
        .filter_map(|finding| Some((report.files.get(finding.primary.file.index())?, finding)))
        .collect();
    text(&findings)
}

fn text(findings: &[(&SourceFile, &Finding)]) -> String {
    let xml = document(findings).expect("writing to memory cannot fail");
    String::from_utf8_lossy(&xml).into_owned()
}

fn document(findings: &[(&SourceFile, &Finding)]) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut root = BytesStart::new("checkstyle");
    root.push_attribute(("version", VERSION));
    writer.write_event(Event::Start(root))?;
    for group in findings.chunk_by(|(a, _), (b, _)| a.path() == b.path()) {
        let mut file = BytesStart::new("file");
        file.push_attribute(("name", path(group[0].0.path()).as_str()));
        writer.write_event(Event::Start(file))?;
        for (file, finding) in group {
            writer.write_event(Event::Empty(error(file, finding)))?;
        }
        writer.write_event(Event::End(BytesEnd::new("file")))?;
    }
    writer.write_event(Event::End(BytesEnd::new("checkstyle")))?;
    let mut xml = writer.into_inner();
    xml.push(b'\n');
    Ok(xml)
}

fn error(file: &SourceFile, finding: &Finding) -> BytesStart<'static> {
    let at = file.byte_position(finding.primary.span.start);
    let mut message = finding.message.clone();
    if !finding.help.is_empty() {
        message = message + "; " + &finding.help;
    }
    let severity = match finding.level() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "info",
    };
    let mut element = BytesStart::new("error");
    element.push_attribute(("line", at.line.to_string().as_str()));
    element.push_attribute(("column", at.column.to_string().as_str()));
    element.push_attribute(("severity", severity));
    element.push_attribute(("message", allowed(&one_line(&message)).as_str()));
    element.push_attribute(("source", format!("goleash.{}", finding.rule).as_str()));
    element
}

/// A file's name: blanks and line ends in it stay, for it has to be found by its name.
fn path(path: &str) -> String {
    let parts = path.split_inclusive(['\t', '\n', '\r']).map(|part| {
        let name = part.trim_end_matches(['\t', '\n', '\r']);
        one_line(name) + &part[name.len()..]
    });
    allowed(&parts.collect::<String>())
}

/// XML has no way to write two characters that are neither controls nor hidden.
fn allowed(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
