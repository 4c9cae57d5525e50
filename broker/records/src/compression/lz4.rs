//! LZ4 frames, of the kind that Kafka's own reader takes.

use std::io::{Read, Write};

use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

use super::error::CompressionError;

const MAGIC: [u8; 4] = 0x184d_2204_u32.to_le_bytes();
/// The flag byte follows the magic. Bit 5: blocks don't refer to earlier ones; bits 0 and 1: a dictionary, and
/// reserved.
const INDEPENDENT: u8 = 0x20;
const FORBIDDEN: u8 = 0x03;

/// A reader that holds a block or two (64 KiB to 4 MiB each, as the frame's header says).
///
/// Frames with linked blocks or a dictionary are refused, though they could be read here: Kafka refuses them
/// at produce, and its consumers could not read them (`Lz4BlockInputStream`).
pub(super) fn reader(bytes: &[u8]) -> Result<impl Read + '_, CompressionError> {
    match bytes {
        [m0, m1, m2, m3, flags, ..] if [*m0, *m1, *m2, *m3] == MAGIC => {
            if flags & INDEPENDENT == 0 {
                return Err(CompressionError::malformed("the blocks of the lz4 frame are not independent"));
            }
            if flags & FORBIDDEN != 0 {
                return Err(CompressionError::malformed(
                    "the lz4 frame wants a dictionary or a later reader",
                ));
            }
            Ok(FrameDecoder::new(bytes))
        }
        _ => Err(CompressionError::malformed("this is no lz4 frame")),
    }
}

/// An encoder of frames that Kafka's reader takes.
pub(super) fn writer<W: Write>(out: W) -> FrameEncoder<W> {
    let frame = FrameInfo::new().block_mode(BlockMode::Independent).block_size(BlockSize::Max64KB);
    FrameEncoder::with_frame_info(frame, out)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use lz4_flex::frame::{BlockMode, FrameEncoder, FrameInfo};

    use super::{reader, writer};

    #[test]
    fn frames_that_kafka_refuses_are_refused() {
        let linked = FrameInfo::new().block_mode(BlockMode::Linked);
        let mut encoder = FrameEncoder::with_frame_info(linked, Vec::new());
        encoder.write_all(&vec![7; 200_000]).unwrap();
        assert!(reader(&encoder.finish().unwrap()).is_err());
        for no_frame in [&b""[..], b"\x04\x22\x4d\x18", b"not a frame"] {
            assert!(reader(no_frame).is_err(), "{no_frame:?}");
        }
    }

    #[test]
    fn several_blocks_round_trip() {
        let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_be_bytes).collect();
        let mut out = Vec::new();
        let mut encoder = writer(Vec::new());
        encoder.write_all(&bytes).unwrap();
        reader(&encoder.finish().unwrap()).unwrap().read_to_end(&mut out).unwrap();
        assert!(out == bytes);
    }
}
