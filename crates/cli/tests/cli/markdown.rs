//! The documentation as the tests read it: documents, and the blocks of code in them.

use std::path::{Path, PathBuf};

/// A block of code between fences.
pub(crate) struct Block {
    /// What stands behind the opening fence, such as `sh`.
    pub(crate) info: String,
    pub(crate) text: String,
    /// The line of the opening fence, from 1.
    pub(crate) line: usize,
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// README.md and all of `docs/`, in the order of names.
pub(crate) fn documents() -> Vec<PathBuf> {
    let mut documents = vec![root().join("README.md")];
    collect(&root().join("docs"), &mut documents);
    documents
}

fn collect(folder: &Path, documents: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, documents);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            documents.push(path);
        }
    }
}

/// The blocks of code of a document, and its other lines, with blank lines where the blocks stood.
pub(crate) fn split(document: &str) -> (Vec<Block>, String) {
    let (mut blocks, mut prose) = (Vec::new(), String::new());
    let mut open: Option<Block> = None;
    for (number, line) in document.lines().enumerate() {
        open = match (open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                Some(Block { info: info.trim().to_owned(), text: String::new(), line: number + 1 })
            }
            (None, None) => {
                prose.push_str(line);
                None
            }
            (Some(block), Some("")) => {
                blocks.push(block);
                None
            }
            (Some(mut block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
                Some(block)
            }
        };
        prose.push('\n');
    }
    assert!(open.is_none(), "a block of code is not closed");
    (blocks, prose)
}
