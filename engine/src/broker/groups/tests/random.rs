//! Random clients, clocks, refusals and restarts; whatever happens, some things hold.
