//! Batches that are small on the wire and large when they are unpacked, and counts that lie, through Produce.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "what a test can't do without fails it"
)]

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use bytes::Bytes;
use klamm_conformance::BrokerOptions;
use klamm_hostility::{Client, GoodClient, Process, create_topic, error, produce, value_batch};
use klamm_model::ErrorCode;
use klamm_records::{Attributes, BatchHeader, Compression};
use klamm_wire::messages::list_offsets::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};

const MIB: usize = 1 << 20;
/// What unpacking may take of memory, whatever is sent: far less than the bombs hold.
const GROWTH_KIB: u64 = 256 << 10;

/// A batch whose header says `count` records and whose compressed bytes are `body`.
fn batch_of(codec: Compression, count: i32, body: &[u8]) -> Bytes {
    let mut header = BatchHeader::read(&value_batch(b"")).unwrap();
    header.attributes = Attributes::default().with_compression(codec);
    header.batch_length = i32::try_from(49 + body.len()).unwrap();
    (header.record_count, header.last_offset_delta) = (count, count - 1);
    header.crc = header.compute_crc(body);
    Bytes::from([&header.write()[..], body].concat())
}

/// A number as records have it: zigzag, in groups of seven bits.
fn varint(number: i64) -> Vec<u8> {
    let mut zigzag = ((number << 1) ^ (number >> 63)).cast_unsigned();
    let mut bytes = Vec::new();
    while zigzag >= 0x80 {
        bytes.push(zigzag as u8 | 0x80);
        zigzag >>= 7;
    }
    bytes.push(zigzag as u8);
    bytes
}

/// One record with a value of `size` zeros, a piece at a time.
fn record_of_zeros(size: usize) -> impl Read {
    let fields = [vec![0, 0, 0, 1], varint(size as i64)].concat();
    let length = varint((fields.len() + size + 1) as i64);
    std::io::Cursor::new([length, fields].concat())
        .chain(std::io::repeat(0).take(size as u64))
        .chain(&[0][..])
}

/// The bytes of `plain` in a codec, compressed as hard as it can.
fn compressed(codec: Compression, mut plain: impl Read) -> Vec<u8> {
    match codec {
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            std::io::copy(&mut plain, &mut encoder).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Zstd => zstd::stream::encode_all(plain, 3).unwrap(),
        Compression::Lz4 => {
            let mut info = lz4_flex::frame::FrameInfo::new();
            info = info.block_size(lz4_flex::frame::BlockSize::Max4MB);
            let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
            std::io::copy(&mut plain, &mut encoder).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Snappy => {
            // The Java library's framing, with blocks as large as they may be claimed.
            let mut out = vec![0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];
            let mut block = vec![0; 4 * MIB];
            loop {
                let read = fill(&mut plain, &mut block);
                if read == 0 {
                    return out;
                }
                let packed = snap::raw::Encoder::new().compress_vec(&block[..read]).unwrap();
                out.write_all(&u32::try_from(packed.len()).unwrap().to_be_bytes()).unwrap();
                out.write_all(&packed).unwrap();
            }
        }
        Compression::None => panic!("no bomb without a codec"),
    }
}

fn fill(plain: &mut impl Read, block: &mut [u8]) -> usize {
    let mut filled = 0;
    while filled < block.len() {
        match plain.read(&mut block[filled..]).unwrap() {
            0 => break,
            read => filled += read,
        }
    }
    filled
}

/// How much a codec unpacks from about a MiB of a batch.
const BOMBS: [(Compression, usize); 7] = [
    (Compression::Gzip, 900 * MIB),
    // Just below what is refused.
    (Compression::Gzip, 127 * MIB),
    (Compression::Lz4, 127 * MIB),
    (Compression::Zstd, 127 * MIB),
    (Compression::Snappy, 20 * MIB),
    (Compression::Lz4, 240 * MIB),
    (Compression::Zstd, 2048 * MIB - 64),
];

const CODECS: [&str; 6] = ["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"];

/// What the broker says to one batch, in which time.
fn answer(client: &mut Client, topic: &str, batch: &Bytes) -> (ErrorCode, Duration) {
    let begun = Instant::now();
    let response = client.call(9, &produce(topic, batch.clone()));
    (error(response.responses[0].partition_responses[0].error_code), begun.elapsed())
}

#[test]
fn a_bomb_in_any_codec_is_refused_or_costs_little() {
    let broker = BrokerOptions::new().start();
    let process = Process(&broker);
    let mut client = Client::connect(process.address()).unwrap();
    for codec in CODECS {
        create_topic(&mut client, codec, &[("compression.type", codec)]);
    }
    let good = GoodClient::start(process.address(), Duration::from_secs(1));
    let before = process.memory_kib();
    for (codec, size) in BOMBS {
        let bomb = batch_of(codec, 1, &compressed(codec, record_of_zeros(size)));
        for topic in CODECS {
            let (code, took) = answer(&mut client, topic, &bomb);
            println!(
                "{codec}: {} bytes of {} MiB to a topic of {topic}: {code:?} in {took:.1?}; {} KiB at most",
                bomb.len(),
                size / MIB,
                process.peak_kib()
            );
            assert!(matches!(code, ErrorCode::None | ErrorCode::MessageTooLarge), "{code:?}");
            look_up_by_time(&mut client, topic);
        }
    }
    let [quiet, harmed] = good.finish();
    println!("memory: {before} KiB before, {} KiB at most", process.peak_kib());
    println!("good client, before: {quiet}");
    println!("good client, during: {harmed}");
    process.check_log();
    assert!(process.peak_kib() < before + GROWTH_KIB, "{} KiB", process.peak_kib());
}

/// Makes the broker look into what is stored.
fn look_up_by_time(client: &mut Client, topic: &str) {
    let partition = ListOffsetsPartition { timestamp: 1, ..ListOffsetsPartition::default() };
    let topic = ListOffsetsTopic { name: topic.to_owned(), partitions: vec![partition] };
    let answer = client.ask(&ListOffsetsRequest { topics: vec![topic], ..ListOffsetsRequest::default() });
    assert_eq!(error(answer.topics[0].partitions[0].error_code), ErrorCode::None);
}

#[test]
fn counts_that_lie_are_refused_in_every_codec() {
    let broker = BrokerOptions::new().start();
    let process = Process(&broker);
    let mut client = Client::connect(process.address()).unwrap();
    create_topic(&mut client, "t", &[("compression.type", "zstd")]);
    let before = process.memory_kib();
    let small = [0x0e, 0, 0, 0, 1, 2, b'v', 0]; // one record, "v"
    // A record of 2^31-1 headers; one that says it is 2 GiB long; one whose value is; a negative length.
    let headers = [vec![0x16, 0, 0, 0, 1, 1], varint(i64::from(i32::MAX)), vec![0; 5]].concat();
    let long = [varint(i64::from(i32::MAX)), vec![0; 20]].concat();
    let value = [vec![0x20, 0, 0, 0, 1], varint(i64::from(i32::MAX)), vec![0; 20]].concat();
    let negative = [0x01, 0, 0, 0, 1, 1, 0];
    for codec in Compression::ALL {
        let pack = |plain: &[u8]| match codec {
            Compression::None => plain.to_vec(),
            codec => compressed(codec, plain),
        };
        for (count, body) in [
            (i32::MAX, pack(&small)),
            (2, pack(&small)),
            (0, pack(&small)),
            (-1, pack(&small)),
            (1, pack(&[small, small].concat())),
            (1, pack(&headers)),
            (1, pack(&long)),
            (1, pack(&value)),
            (1, pack(&negative)),
        ] {
            let (code, _) = answer(&mut client, "t", &batch_of(codec, count, &body));
            assert_eq!(code, ErrorCode::InvalidRecord, "{codec}, {count} records of {body:x?}");
        }
        let (code, _) = answer(&mut client, "t", &batch_of(codec, 1, &pack(&small)));
        assert_eq!(code, ErrorCode::None, "{codec}: the record itself is right");
        // One bit of what the CRC covers.
        let mut flipped = batch_of(codec, 1, &pack(&small)).to_vec();
        *flipped.last_mut().unwrap() ^= 1;
        assert_eq!(answer(&mut client, "t", &flipped.into()).0, ErrorCode::CorruptMessage, "{codec}");
    }
    println!("counts that lie: {before} KiB before, {} KiB at most", process.peak_kib());
    process.check_log();
    assert!(process.peak_kib() < before + (32 << 10), "{} KiB", process.peak_kib());
}
