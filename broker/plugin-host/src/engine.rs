//! How wasmtime is set up: deterministic, interruptible, and with room for so many instances.

use wasmtime::component::Linker;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::contract;
use crate::guest_state::{GuestState, MAX_CORE_INSTANCES, MAX_MEMORIES, MAX_TABLE_ELEMENTS};
use crate::host::HostOptions;
use crate::ticker::Ticker;

/// Stack that a guest may use, of the thread that calls it.
const MAX_WASM_STACK_BYTES: usize = 512 * 1024;

/// An engine and what goes with it. Made when the first plug-in comes.
pub(crate) struct Machine {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<GuestState>,
    pub(crate) ticker: Ticker,
}

impl Machine {
    pub(crate) fn new(options: &HostOptions) -> wasmtime::Result<Machine> {
        // A pool reserves addresses, never memory; where a process may not have them, instances are made one by one.
        let engine = Engine::new(&config(options, true)).or_else(|_| Engine::new(&config(options, false)))?;
        let linker = contract::linker(&engine)?;
        let ticker = Ticker::start(engine.clone())?;
        Ok(Machine { engine, linker, ticker })
    }
}

fn config(options: &HostOptions, pooled: bool) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // Support for asynchronous components makes each synchronous call cost 3.5 times as much.
        .concurrency_support(false)
        .epoch_interruption(true)
        .max_wasm_stack(MAX_WASM_STACK_BYTES)
        // What a plug-in says depends on its parameters and the record, never on the processor: a replay must say the same.
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        // A compile takes one core: the others belong to the records.
        .parallel_compilation(options.parallel_compilation);
    if pooled {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(options)));
    }
    config
}

fn pool(options: &HostOptions) -> PoolingAllocationConfig {
    let most = options.max_instances;
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(most)
        .total_core_instances(most.saturating_mul(8))
        .total_memories(most.saturating_mul(2))
        .total_tables(most.saturating_mul(8))
        .max_core_instances_per_component(MAX_CORE_INSTANCES as u32)
        .max_memories_per_component(MAX_MEMORIES as u32)
        .max_tables_per_component(MAX_CORE_INSTANCES as u32)
        .max_memories_per_module(MAX_MEMORIES as u32)
        .max_tables_per_module(16)
        .max_core_instance_size(1 << 20)
        .max_component_instance_size(1 << 20)
        .table_elements(MAX_TABLE_ELEMENTS)
        .max_memory_size(options.max_memory_bytes)
        .max_unused_warm_slots(16);
    pool
}
