//! The one macro that makes a component of types.

/// Makes a WebAssembly component's exports of one type for each kind: `export!(filter = MyFilter)`, or several, as in
/// `export!(filter = MyFilter, serializer = MySerializer)`. The kinds are `filter`, `partitioner`, `serializer` and `transform`.
///
/// A crate has it once, and is a `cdylib` (with `rlib` beside it if its tests are in `tests/`). On other machines than
/// WebAssembly it only checks that the types fit.
#[macro_export]
macro_rules! export {
    ($($kind:ident = $plugin:ty),+ $(,)?) => {
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = { $( $crate::__fits!($kind, $plugin); )+ };

        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "exports by the component model's canonical ABI")]
        const _: () = {
            struct Plugins { $( $kind: $plugin ),+ }
            static PLUGINS: $crate::abi::Exported<Plugins> = $crate::abi::Exported::new(None);

            #[unsafe(export_name = "cabi_realloc")]
            unsafe extern "C" fn allocate(old: *mut u8, old_length: usize, align: usize, length: usize) -> *mut u8 {
                unsafe { $crate::abi::allocate(old, old_length, align, length) }
            }

            #[unsafe(export_name = "klamm:plugin/lifecycle@0.1.0#init")]
            unsafe extern "C" fn init(
                topic: *mut u8,
                topic_length: usize,
                pairs: *mut [usize; 4],
                pairs_length: usize,
            ) -> *const u32 {
                let start = |parameters: &$crate::Parameters| {
                    let plugins = Plugins { $( $kind: <$plugin as $crate::Plugin>::start(parameters)? ),+ };
                    let mut wants = $crate::Wants::NOTHING;
                    $( wants = wants.and($crate::Plugin::wants(&plugins.$kind)); )+
                    Ok((plugins, wants))
                };
                unsafe { $crate::abi::init(&PLUGINS, (topic, topic_length), (pairs, pairs_length), start) }
            }

            $( $crate::__export_kind!($kind); )+
        };
    };
}

/// Whether a type fits a kind.
#[doc(hidden)]
#[macro_export]
macro_rules! __fits {
    (filter, $plugin:ty) => {
        $crate::__fits!(@ $plugin, $crate::Filter)
    };
    (partitioner, $plugin:ty) => {
        $crate::__fits!(@ $plugin, $crate::Partitioner)
    };
    (serializer, $plugin:ty) => {
        $crate::__fits!(@ $plugin, $crate::Serializer)
    };
    (transform, $plugin:ty) => {
        $crate::__fits!(@ $plugin, $crate::Transform)
    };
    (@ $plugin:ty, $kind:path) => {{
        const fn fits<P: $kind>() {}
        fits::<$plugin>()
    }};
}

/// One kind's function, and the types that a component is made of.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_kind {
    (filter) => {
        $crate::__world!(FILTER_WORLD, FILTER, "component-type:klamm:plugin@0.1.0:filter");
        $crate::__export_function!(
            "klamm:plugin/filter-api@0.1.0#check", check(), (), |plugins: &mut Plugins| &mut plugins.filter
        );
    };
    (partitioner) => {
        $crate::__world!(PARTITIONER_WORLD, PARTITIONER, "component-type:klamm:plugin@0.1.0:partitioner");
        $crate::__export_function!(
            "klamm:plugin/partitioner-api@0.1.0#assign", assign(), (partitions: u32),
            |plugins: &mut Plugins| &mut plugins.partitioner
        );
    };
    (serializer) => {
        $crate::__world!(SERIALIZER_WORLD, SERIALIZER, "component-type:klamm:plugin@0.1.0:serializer");
        $crate::__export_function!(
            "klamm:plugin/serializer-api@0.1.0#run", run(operation: u32), (),
            |plugins: &mut Plugins| &mut plugins.serializer
        );
    };
    (transform) => {
        $crate::__world!(TRANSFORM_WORLD, TRANSFORM, "component-type:klamm:plugin@0.1.0:transform");
        $crate::__export_function!(
            "klamm:plugin/transform-api@0.1.0#apply", apply(), (), |plugins: &mut Plugins| &mut plugins.transform
        );
    };
}

/// A world's custom section.
#[doc(hidden)]
#[macro_export]
macro_rules! __world {
    ($static:ident, $world:ident, $section:literal) => {
        #[used]
        #[unsafe(link_section = $section)]
        static $static: [u8; $crate::abi::worlds::$world.len()] =
            $crate::abi::worlds::bytes($crate::abi::worlds::$world);
    };
}

/// A function that takes a batch, flat, with arguments before and after it.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_function {
    ($export:literal, $function:ident($($before:ident: $before_type:ty)?), ($($after:ident: $after_type:ty)?), $of:expr) => {
        #[unsafe(export_name = $export)]
        unsafe extern "C" fn $function(
            $($before: $before_type,)?
            topic: *mut u8,
            topic_length: usize,
            partition: i32,
            blob: *mut u8,
            blob_length: usize,
            records: *mut $crate::abi::layout::RawRecord,
            records_length: usize,
            headers: *mut $crate::abi::layout::RawHeader,
            headers_length: usize,
            $($after: $after_type,)?
        ) -> *const u32 {
            let batch = $crate::abi::RawBatch {
                topic: (topic, topic_length),
                partition,
                blob: (blob, blob_length),
                records: (records, records_length),
                headers: (headers, headers_length),
            };
            unsafe { $crate::abi::$function(&PLUGINS, $($before,)? batch, $($after,)? $of) }
        }
    };
}
