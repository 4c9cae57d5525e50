//! Runs plug-ins: WebAssembly components that choose partitions, rewrite values and stop poison pills.
