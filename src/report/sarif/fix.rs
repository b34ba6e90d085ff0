//! Repairs as SARIF writes them: changes of artifacts, each with regions to delete and text to insert.

use super::location::{artifact, exact_region};
use super::model::{ArtifactChange, Content, FixObject, FixProperties, Message, Replacement};
use super::plain;
use crate::finding::{Edit, Fix};
use crate::source::SourceFile;

/// A repair. Its edits are sorted by place, so those of one file stand together.
pub(super) fn fix<'a>(fix: &'a Fix, files: &[SourceFile]) -> FixObject<'a> {
    FixObject {
        description: Message {
            text: plain(&fix.title),
        },
        artifact_changes: fix
            .edits
            .chunk_by(|a, b| a.at.file == b.at.file)
            .filter_map(|edits| change(edits, files))
            .collect(),
        properties: FixProperties {
            safety: fix.safety.as_str(),
        },
    }
}

fn change<'a>(edits: &'a [Edit], files: &[SourceFile]) -> Option<ArtifactChange<'a>> {
    let file = files.get(edits.first()?.at.file.index())?;
    Some(ArtifactChange {
        artifact_location: artifact(file.path()),
        replacements: edits
            .iter()
            .map(|edit| Replacement {
                deleted_region: exact_region(file, edit.at.span),
                inserted_content: Content {
                    text: &edit.replacement,
                },
            })
            .collect(),
    })
}
