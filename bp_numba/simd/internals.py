"""The parts of Numba and llvmlite that they do not promise to keep: all of them stand here.

Nothing else of the package uses `numba.core`, a name with a leading underscore, or an undocumented
option. `PARTS` says what each is for; the process that compiles looks at all of them first. Where
one is missing, `MissingPart` names it, no kernel is compiled, and training goes on in NumPy with a
warning (`training.choice`). The repair is here then, and `tests/simd/test_internals.py` has a test
for each part.

Importing this module imports neither library: what loads machine code needs no compiler.
"""

import functools
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import SimpleNamespace
from typing import Any, NamedTuple

OPTIONS = {
    # Python's error model would put a branch for ZeroDivisionError behind every division.
    "error_model": "numpy",
    # No array is made or owned by a kernel: nothing to count.
    "_nrt": False,
    # No fastmath: fused operations are written out, and reassociation would break the sigmoid.
}
"""How Numba compiles the entry points."""


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
        "gives a function the C calling convention",
        ("subtarget", "create_cfunc_wrapper"),
    ),
    Part("numba.core.ccallback", "CFunc", "compiles an entry point", ("_targetdescr",)),
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


def __getattr__(name: str) -> Any:
    """Import a part when it is first asked for by its name."""
    for part in PARTS:
        if part.name == name:
            globals()[name] = value = part.get()
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def check_parts() -> None:
    """Raise `MissingPart` unless all parts are there."""
    for part in PARTS:
        part.get()


@functools.cache  # LLVM takes an option once
def tune_llvm() -> None:
    """Change what LLVM does from now on, in a process that compiles kernels and nothing else.

    Tiles are unrolled already, and most loops take few turns: unrolled further, they spent more on
    their remainders than they saved. Constants are addressed relative to the code: `load_object`
    puts both side by side. Numba's way reaches all of memory, with ten bytes of code for each
    address.
    """
    from llvmlite import binding
    from numba.core import codegen

    # An option that LLVM does not know is passed over: the code is a little slower then, or has a
    # loop of zeros replaced by a call of the C library's.
    binding.set_option("bp_numba", "-unroll-runtime=false")
    binding.set_option("bp_numba", "-disable-loop-idiom-memset")
    binding.set_option("bp_numba", "-disable-loop-idiom-memcpy")
    if (sys.platform, platform.machine()) == ("linux", "x86_64"):  # tried nowhere else
        kind = codegen.JITCPUCodegen
        customize = kind._customize_tm_options

        def customized(self: Any, options: dict[str, Any]) -> None:
            customize(self, options)
            options.update(reloc="pic", codemodel="small")

        kind._customize_tm_options = customized
    codegen.CPUCodeLibrary._optimize_final_module = _optimize


def _optimize(library: Any) -> None:
    """Optimize all of a library, without what Numba does before for the sake of reference counts.

    The machine code is the same, in nineteen twentieths of the time.
    """
    manager = library._codegen._module_pass_manager()
    manager, *builder = manager if isinstance(manager, tuple) else (manager,)  # a pair where newer
    manager.run(library._final_module, *builder)


@contextmanager
def without_function_passes() -> Iterator[None]:
    """Have LLVM optimize no function before it is part of a whole, as Numba would.

    Perceptrons' kernels are compiled in five sixths of the time and take no longer; training on XOR
    takes 5% more instructions without these passes.
    """
    from numba.core.codegen import CPUCodeLibrary

    passes = CPUCodeLibrary._optimize_functions
    CPUCodeLibrary._optimize_functions = _set_layout
    try:
        yield
    finally:
        CPUCodeLibrary._optimize_functions = passes


def _set_layout(library: Any, module: Any) -> None:
    """Do what else Numba does to a part of a library."""
    module.data_layout = library._codegen._data_layout


def load_compiler() -> None:
    """Have Numba do what else it would do when it compiles the first function."""
    from numba.core.registry import cpu_target

    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()


def machine_code(function: Callable[..., Any], signature: Any) -> tuple[str, bytes]:
    """Return the symbol and the object code of a function with the C calling convention.

    It refers to nothing outside, so that it can be loaded without Numba: an error, which no entry
    point has to report, makes it return 0. Where bounds are checked Numba reports them.
    """
    from numba import config
    from numba.core.ccallback import CFunc
    from numba.core.registry import cpu_target

    context = cpu_target.target_context
    if not config.BOUNDSCHECK:
        context = context.subtarget(create_cfunc_wrapper=_add_wrapper)
    target = SimpleNamespace(
        options=cpu_target.options,
        typing_context=cpu_target.typing_context,
        target_context=context,
    )
    kind = type("EntryPoint", (CFunc,), {"_targetdescr": target})
    compiled = kind(function, (signature.args, signature.return_type), {}, OPTIONS)
    compiled.compile()
    _, _, (code, _) = compiled._library.serialize_using_object_code()
    return compiled.native_name, code


def _add_wrapper(library: Any, description: Any, env: Any, call_helper: Any) -> None:
    """Add to a library the function that C calls: without Numba's, which prints what was raised."""
    from llvmlite import ir
    from numba.core.registry import cpu_target

    context = cpu_target.target_context
    module = context.create_module("c_wrapper")
    types = description.restype, description.argtypes
    convention = context.call_conv.get_function_type(*types)
    called = ir.Function(module, convention, description.llvm_func_name)
    result, *arguments = (context.get_value_type(each) for each in (types[0], *types[1]))
    name = description.llvm_cfunc_wrapper_name
    wrapper = ir.Function(module, ir.FunctionType(result, arguments), name)
    builder = ir.IRBuilder(wrapper.append_basic_block("entry"))
    _, value = context.call_conv.call_function(builder, called, *types, wrapper.args)
    builder.ret(value)
    library.add_ir_module(module)


def load_object(code: bytes) -> Any:
    """Return llvmlite's engine for object code; the code lives as long as the engine does.

    Raises
    ------
    MissingPart
        If this llvmlite has no MCJIT compiler with a memory manager of its own.
    """
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine()
    try:
        # llvmlite's memory manager puts code and constants side by side, as near addresses require.
        engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine, use_lmm=True)
    except (AttributeError, TypeError) as error:
        raise MissingPart(f"llvmlite's MCJIT compiler, which loads machine code: {error}") from None
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine
