//! Plug-ins on the way of produced records, as clients see it.

mod filters;
mod partitioners;
mod serializers;
mod turns;
mod world;
