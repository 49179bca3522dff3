//! Access operations of the driver on the simulated reader's tags, over a real socket.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use gatewarden_llrp::access::{
    AccessError, AccessRun, Bank, Job, LockField, Operation, Outcome, Privilege, Target,
};
use gatewarden_llrp::codec::{
    AiSpec, InventoryParameterSpec, Message, MessageKind, RoBoundarySpec, RoSpec,
    RoSpecStartTrigger, decode_frame,
};
use gatewarden_simulators::llrp::{LlrpOptions, SimReader, SimTag, TagMemory};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

const PASSWORD: u32 = 0xCAFE_F00D;
const A: [u8; 12] = [0x30, 0x74, 0x25, 0x7B, 0xF7, 0x19, 0x4E, 0x40, 0, 0, 0, 1];
const B: [u8; 12] = [0x30, 0x74, 0x25, 0x7B, 0xF7, 0x19, 0x4E, 0x40, 0, 0, 0, 2];

struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    began: Instant,
}

impl Client {
    /// A client whose inventory runs.
    async fn reading(reader: &SimReader) -> Self {
        let stream = TcpStream::connect(reader.address()).await.unwrap();
        let mut client = Self { stream, buffer: Vec::new(), began: Instant::now() };
        let ai = AiSpec {
            antennas: vec![0],
            inventories: vec![InventoryParameterSpec { id: 1, protocol: 1, ..Default::default() }],
            ..Default::default()
        };
        let start = RoSpecStartTrigger { kind: 1, ..Default::default() };
        let boundary = RoBoundarySpec { start, ..Default::default() };
        let spec = RoSpec { id: 1, boundary, ai_specs: vec![ai], ..Default::default() };
        client.send(&Message::add_rospec(1, &spec)).await;
        client.send(&Message::on_rospec(MessageKind::ENABLE_ROSPEC, 2, 1)).await;
        client
    }

    async fn send(&mut self, message: &Message) {
        self.stream.write_all(&message.encode().unwrap()).await.unwrap();
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap()
    }

    async fn run(&mut self, epc: &[u8], operation: Operation) -> Result<Outcome, AccessError> {
        let job = Job {
            spec: 77,
            rospec: 0,
            antenna: 0,
            target: Target::epc(epc),
            password: PASSWORD,
            operation,
            survey_us: 150_000,
            timeout_us: 5_000_000,
        };
        let mut run = AccessRun::new(job, 1000, self.now_us());
        while run.outcome().is_none() {
            while let Some(message) = run.next() {
                self.send(&message).await;
            }
            let wait = run.wake_at_us().unwrap_or(0).saturating_sub(self.now_us());
            let mut piece = [0; 4096];
            let read = timeout(Duration::from_micros(wait), self.stream.read(&mut piece)).await;
            if let Ok(count) = read {
                self.buffer.extend_from_slice(&piece[..count.unwrap()]);
            }
            while let Some((message, used)) = decode_frame(&self.buffer).unwrap() {
                self.buffer.drain(..used);
                run.handle(&message, self.now_us());
            }
            run.tick(self.now_us());
        }
        run.outcome().cloned().unwrap()
    }
}

async fn reader(epcs: &[&[u8]]) -> SimReader {
    let reader = SimReader::start(LlrpOptions::default()).await.unwrap();
    let tag = |epc: &&[u8]| SimTag { epc: epc.to_vec(), antenna: 1, rssi_dbm: -50 };
    reader.set_field(epcs.iter().map(tag).collect());
    for epc in epcs {
        let memory = TagMemory { access_password: PASSWORD, ..TagMemory::fresh(epc) };
        reader.set_memory(epc, memory);
    }
    reader
}

#[tokio::test]
async fn a_write_is_read_back_and_touches_one_tag() {
    let reader = reader(&[&A, &B]).await;
    let mut client = Client::reading(&reader).await;
    let data = vec![0xBEEF, 0x1234];
    let write = Operation::Write { bank: Bank::User, pointer: 3, data: data.clone() };
    let done = client.run(&A, write).await.unwrap();
    assert_eq!((done.epc, done.words), (A.to_vec(), data));
    assert_eq!(done.tid, reader.memory(&A).tid);
    assert_eq!(reader.memory(&A).user[3..5], [0xBEEF, 0x1234]);
    assert_eq!(reader.memory(&B).user, [0; 32]);
    let beyond = Operation::Write { bank: Bank::User, pointer: 31, data: vec![1, 2] };
    let failed = AccessError::Failed("Tag_Memory_Overrun_Error".into());
    assert_eq!(client.run(&A, beyond).await, Err(failed));
}

#[tokio::test]
async fn blocks_are_written_and_erased() {
    let reader = reader(&[&A, &B]).await;
    let mut client = Client::reading(&reader).await;
    let data = vec![1, 2, 3, 4];
    let write = Operation::BlockWrite { bank: Bank::User, pointer: 4, data: data.clone() };
    assert_eq!(client.run(&A, write).await.unwrap().words, data);
    assert_eq!(reader.memory(&A).user[3..9], [0, 1, 2, 3, 4, 0]);
    let erase = Operation::BlockErase { bank: Bank::User, pointer: 5, words: 2 };
    assert_eq!(client.run(&A, erase).await.unwrap().words, [0, 0]);
    assert_eq!(reader.memory(&A).user[3..9], [0, 1, 0, 0, 4, 0]);
    let beyond = Operation::BlockErase { bank: Bank::User, pointer: 31, words: 2 };
    let failed = AccessError::Failed("Tag_Memory_Overrun_Error".into());
    assert_eq!(client.run(&A, beyond).await, Err(failed));
    assert_eq!(reader.memory(&B).user, [0; 32]);
}

#[tokio::test]
async fn nothing_is_done_to_no_tag_or_to_two() {
    let reader = reader(&[&A, &B]).await;
    let mut client = Client::reading(&reader).await;
    let write = Operation::Write { bank: Bank::User, pointer: 0, data: vec![1] };
    assert_eq!(client.run(&A[..8], write.clone()).await, Err(AccessError::Ambiguous(2)));
    assert_eq!(reader.memory(&A).user[0], 0);
    assert_eq!(client.run(&[9; 12], write).await, Err(AccessError::NoTag));
}

#[tokio::test]
async fn a_lock_is_tried_without_the_password() {
    let reader = reader(&[&A, &B]).await;
    let open = TagMemory::fresh(&B);
    reader.set_memory(&B, open);
    let mut client = Client::reading(&reader).await;
    let lock = Operation::Lock { field: LockField::User, privilege: Privilege::Lock };
    client.run(&A, lock.clone()).await.unwrap();
    assert!(reader.memory(&A).locked[4]);
    // A tag without a password takes the lock and lets everybody write.
    let outcome = client.run(&B, lock).await;
    assert!(matches!(outcome, Err(AccessError::NotVerified(_))), "{outcome:?}");
    let write = Operation::Write { bank: Bank::User, pointer: 0, data: vec![7] };
    client.run(&A, write).await.unwrap();
}

#[tokio::test]
async fn a_tag_is_killed_only_with_its_password() {
    let reader = reader(&[&A]).await;
    let memory = TagMemory { kill_password: 0xDEAD, ..reader.memory(&A) };
    reader.set_memory(&A, memory);
    let mut client = Client::reading(&reader).await;
    let refused = client.run(&A, Operation::Kill { password: 1 }).await;
    assert_eq!(refused, Err(AccessError::Failed("Incorrect_Password_Error".into())));
    client.run(&A, Operation::Kill { password: 0xDEAD }).await.unwrap();
    assert!(reader.memory(&A).killed);
}
