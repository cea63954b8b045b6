"""The parts of Numba and llvmlite that they do not promise to keep: all that `internals` uses.

`PARTS` says what each is for; the process that compiles looks at all of them first. Where one is
missing, `MissingPart` names it, no kernel is compiled, and training goes on in NumPy with a warning
(`training.choice`). The repair is in `internals` then, and `tests/simd/test_internals.py` has a
test for each part.

Importing this module imports neither library.
"""

from importlib import import_module
from typing import Any, NamedTuple


class MissingPart(RuntimeError):
    """The installed Numba or llvmlite lacks something that the kernels are compiled with."""


class Part(NamedTuple):
    """Something undocumented: `module.name`, what it is for, and its attributes that are used."""

    module: str
    name: str
    purpose: str
    attributes: tuple[str, ...] = ()

    def get(self) -> Any:
        """Return it; raise `MissingPart` if it or one of its attributes is not there."""
        import_module(self.module.partition(".")[0])  # whose own errors say more
        try:
            value = getattr(import_module(self.module), self.name)
        except (ImportError, AttributeError):
            raise MissingPart(f"{self.module}.{self.name}, which {self.purpose}") from None
        for attribute in self.attributes:
            if not hasattr(value, attribute):
                name = f"{self.module}.{self.name}.{attribute}"
                raise MissingPart(f"{name}, which {self.purpose}")
        return value


PARTS = (
    Part(
        "numba.core",
        "cgutils",
        "writes loops, structs and bounds checks",
        (
            "alloca_once_value",
            "create_struct_proxy",
            "do_boundscheck",
            "for_range_slice",
            "get_or_insert_function",
            "pack_array",
            "unpack_tuple",
        ),
    ),
    Part("numba.core.typing", "signature", "types an operation"),
    Part("numba.core.typing.templates", "AbstractTemplate", "types an operation"),
    Part("numba.core.typing.templates", "infer_global", "makes a function known to Numba"),
    Part("numba.core.cpu", "CPUTargetOptions", "leaves reference counting out", ("_nrt",)),
    Part("numba.core.registry", "cpu_target", "compiles for this CPU"),
    Part(
        "numba.core.cpu",
        "CPUContext",
        "gives a function the C calling convention, and has nothing linked to it",
        ("subtarget", "create_cfunc_wrapper", "post_lowering"),
    ),
    Part(
        "numba.core.base",
        "BaseContext",
        "makes functions known to Numba",
        ("refresh", "load_additional_registries"),
    ),
    Part("numba.core.runtime", "rtsys", "reports what is out of bounds", ("initialize",)),
    Part("numba.cpython.builtins", "generic_is", "compares, in a module that is imported"),
    Part("numba.cpython.numbers", "int_add_impl", "adds, in a module that is imported"),
    Part("numba.cpython.rangeobj", "make_range_impl", "loops, in a module that is imported"),
    Part("numba.cpython.tupleobj", "namedtuple_constructor", "has fields, in such a module"),
    Part("numba.core.ccallback", "CFunc", "compiles an entry point", ("_targetdescr",)),
    Part("numba.core.compiler", "CompilerBase", "compiles in chosen passes", ("define_pipelines",)),
    Part(
        "numba.core.compiler_machinery",
        "PassManager",
        "compiles in chosen passes",
        ("add_pass", "finalize"),
    ),
    *(
        Part("numba.core.untyped_passes", name, "is a pass of the compiler")
        for name in ("TranslateByteCode", "FixupArgs", "IRProcessing")
    ),
    *(
        Part("numba.core.typed_passes", name, "is a pass of the compiler")
        for name in ("NopythonTypeInference", "NativeLowering", "NoPythonBackend")
    ),
    Part(
        "numba.core.codegen",
        "CPUCodeLibrary",
        "optimizes a module, and gives its machine code as bytes",
        ("_optimize_functions", "_optimize_final_module", "serialize_using_object_code"),
    ),
    Part(
        "numba.core.codegen",
        "JITCPUCodegen",
        "has constants addressed relative to the code, and says what LLVM does",
        ("_customize_tm_options", "_module_pass_manager"),
    ),
    Part("llvmlite.ir", "Type", "has pointers to a type", ("as_pointer",)),
    Part("llvmlite.binding", "set_option", "changes LLVM's options"),
    Part("llvmlite.binding", "create_mcjit_compiler", "loads machine code"),
)


def check_parts() -> None:
    """Raise `MissingPart` unless all parts are there."""
    for part in PARTS:
        part.get()
