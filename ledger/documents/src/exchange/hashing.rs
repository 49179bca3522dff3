//! Which import it is: a digest of the file and of what the file leaves unsaid.

use std::io::{self, Read};

use gatewarden_model::Hash;

use super::{Format, Settings};

/// Bytes of a file that are hashed at once.
const BLOCK_BYTES: u64 = 64 << 10;

/// The id of an import: the digest of the file's blocks of 64 KiB, one over the other, and of what the
/// file leaves unsaid. Fails where the file can't be read.
pub fn run_id(file: impl Read, settings: &Settings) -> io::Result<Hash> {
    let mut hashing = Hashing::new(file, settings);
    let mut buffer = vec![0; 1 << 14];
    while hashing.read(&mut buffer)? > 0 {}
    Ok(hashing.finish())
}

/// A reader that takes the digest of what goes through it.
pub(super) struct Hashing<R> {
    input: R,
    block: Vec<u8>,
    digest: Hash,
}

impl<R: Read> Hashing<R> {
    pub(super) fn new(input: R, settings: &Settings) -> Self {
        let kind = settings.kind.map_or("", |kind| kind.name());
        let format = settings.format.map_or("", |format| match format {
            Format::Csv => "csv",
            Format::Json => "json",
        });
        let mut said = format!("gatewarden import 1\n{kind}\n{format}\n");
        settings.fields.iter().for_each(|field| said.push_str(&format!("{field}\n")));
        settings
            .names
            .iter()
            .for_each(|(theirs, ours)| said.push_str(&format!("{theirs:?}={ours:?}\n")));
        Self { input, block: Vec::new(), digest: Hash::of(said.as_bytes()) }
    }

    fn close_block(&mut self) {
        let mut bytes = self.digest.0.to_vec();
        bytes.append(&mut self.block);
        self.digest = Hash::of(&bytes);
    }

    pub(super) fn finish(mut self) -> Hash {
        self.close_block();
        self.digest
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let room = BLOCK_BYTES - self.block.len() as u64;
        let most = usize::try_from(room).unwrap_or(usize::MAX).min(out.len());
        let read = self.input.read(&mut out[..most])?;
        self.block.extend_from_slice(&out[..read]);
        if self.block.len() as u64 == BLOCK_BYTES {
            self.close_block();
        }
        Ok(read)
    }
}
