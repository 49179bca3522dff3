//! Reading fields in network byte order from a slice, and writing them. No input panics.

use super::CodecError;

/// A position in the fields of one message or parameter.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    name: &'static str,
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// Starts at the beginning of `bytes`; `name` is who is blamed when they end too soon.
    #[must_use]
    pub fn new(name: &'static str, bytes: &'a [u8]) -> Self {
        Self { name, bytes }
    }

    /// What has not been read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], CodecError> {
        let (head, tail) =
            self.bytes.split_at_checked(count).ok_or(CodecError::Short(self.name))?;
        self.bytes = tail;
        Ok(head)
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (head, tail) =
            self.bytes.split_first_chunk::<N>().ok_or(CodecError::Short(self.name))?;
        self.bytes = tail;
        Ok(*head)
    }

    /// The next field.
    pub fn get<T: Field>(&mut self) -> Result<T, CodecError> {
        T::read(self)
    }
}

/// A field as LLRP writes it.
pub trait Field: Sized {
    /// Reads one.
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError>;
    /// Writes one at the end of `out`.
    fn write(&self, out: &mut Vec<u8>);
}

macro_rules! integer_fields {
    ($($t:ty),*) => {$(
        impl Field for $t {
            fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
                Ok(<$t>::from_be_bytes(cursor.array()?))
            }
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }
        }
    )*};
}

integer_fields!(u8, i8, u16, i16, u32, i32, u64);

/// A flag alone in its byte: the most significant bit, the others reserved.
impl Field for bool {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        Ok(cursor.get::<u8>()? & 0x80 != 0)
    }
    fn write(&self, out: &mut Vec<u8>) {
        out.push(if *self { 0x80 } else { 0 });
    }
}

/// UTF-8 text after a 16-bit length; bytes that are not UTF-8 become U+FFFD. Cut at 65,535 bytes.
impl Field for String {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        let length: u16 = cursor.get()?;
        Ok(Self::from_utf8_lossy(cursor.take(length.into())?).into_owned())
    }
    fn write(&self, out: &mut Vec<u8>) {
        let mut length = self.len().min(usize::from(u16::MAX));
        while !self.is_char_boundary(length) {
            length -= 1;
        }
        #[allow(clippy::cast_possible_truncation)] // bounded two lines above
        (length as u16).write(out);
        out.extend_from_slice(&self.as_bytes()[..length]);
    }
}

/// A list after a 16-bit count. Cut at 65,535 elements.
impl<T: Field> Field for Vec<T> {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, CodecError> {
        let count: u16 = cursor.get()?;
        // Collecting stops at the first element that is not there, so a claimed count alone
        // allocates nothing.
        let mut list = Self::with_capacity(usize::from(count).min(cursor.rest().len()));
        for _ in 0..count {
            list.push(cursor.get()?);
        }
        Ok(list)
    }
    fn write(&self, out: &mut Vec<u8>) {
        let count = u16::try_from(self.len()).unwrap_or(u16::MAX);
        count.write(out);
        self.iter().take(count.into()).for_each(|item| item.write(out));
    }
}
