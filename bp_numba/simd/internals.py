"""What is done with the `parts` of Numba and llvmlite that they do not promise to keep.

Nothing else of the package uses `numba.core`, a name with a leading underscore, or an undocumented
option.

Importing this module imports neither library: what loads machine code needs no compiler.
"""

import functools
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from bp_numba.simd.parts import PARTS, MissingPart

OPTIONS = {
    # Python's error model would put a branch for ZeroDivisionError behind every division.
    "error_model": "numpy",
    # No array is made or owned by a kernel: nothing to count.
    "_nrt": False,
    # No fastmath: fused operations are written out, and reassociation would break the sigmoid.
}
"""How Numba compiles the entry points."""


def __getattr__(name: str) -> Any:
    """Import a part when it is first asked for by its name."""
    for part in PARTS:
        if part.name == name:
            globals()[name] = value = part.get()
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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
    """Optimize all of a library once, at LLVM's level 1.

    What Numba does before is for the sake of reference counts; what higher levels add is done by
    hand here: loops are vectors and tiles already. Times: bench/README.md, "Compiling".
    """
    manager = library._codegen._module_pass_manager(opt=1, loop_vectorize=False)
    manager, *builder = manager if isinstance(manager, tuple) else (manager,)  # a pair where newer
    manager.run(library._final_module, *builder)


@contextmanager
def without_function_passes() -> Iterator[None]:
    """Have LLVM optimize no function before it is part of a whole, as Numba would.

    Kernels are compiled in five sixths of the time and take no longer, but for those for known
    units, for which nobody waits: they take up to 5% more time without these passes.
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
    """Have Numba do what else it would do when it compiles the first function.

    That is in a process that compiles kernels and nothing else. It knows integers, ranges and
    tuples then, all that entry points use beside operations. Otherwise Numba would learn arrays,
    strings, random numbers and more, compile its runtime, which counts references, and load
    installed extensions, which could change kernels.
    """
    from numba.core.registry import cpu_target

    context = cpu_target.target_context
    context.load_additional_registries = _load_registries
    refresh = context.refresh
    context.refresh = lambda: None  # each function that it meets would begin it anew
    refresh()
    del context.refresh
    context.refresh()


def _load_registries() -> None:
    from numba import config
    from numba.core.registry import cpu_target
    from numba.core.runtime import rtsys
    from numba.cpython import builtins, numbers, rangeobj, tupleobj  # noqa: F401

    if config.BOUNDSCHECK:  # what is out of bounds is reported with its help
        rtsys.initialize(cpu_target.target_context)


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
        context = context.subtarget(
            create_cfunc_wrapper=_add_wrapper,
            post_lowering=lambda module, library: None,  # would link Numba's runtime
        )
    target = SimpleNamespace(
        options=cpu_target.options,
        typing_context=cpu_target.typing_context,
        target_context=context,
    )
    kind = type("EntryPoint", (CFunc,), {"_targetdescr": target})
    types = signature.args, signature.return_type
    compiled = kind(function, types, {}, OPTIONS, pipeline_class=_straight_compiler())
    compiled.compile()
    _, _, (code, _) = compiled._library.serialize_using_object_code()
    return compiled.native_name, code


def _straight_compiler() -> type:
    """Return Numba's compiler with those passes alone that an entry point needs.

    The others inline, rewrite and rename; here nothing is left to them, and the machine code is the
    same without.
    """
    from numba.core import typed_passes, untyped_passes
    from numba.core.compiler import CompilerBase
    from numba.core.compiler_machinery import PassManager

    class StraightCompiler(CompilerBase):  # type: ignore[misc]
        def define_pipelines(self) -> list[Any]:
            manager = PassManager("entry point")
            manager.add_pass(untyped_passes.TranslateByteCode, "read the bytecode")
            manager.add_pass(untyped_passes.FixupArgs, "add arguments")
            manager.add_pass(untyped_passes.IRProcessing, "find the lives of variables")
            manager.add_pass(typed_passes.NopythonTypeInference, "infer types")
            manager.add_pass(typed_passes.NativeLowering, "write LLVM's instructions")
            manager.add_pass(typed_passes.NoPythonBackend, "finish")
            manager.finalize()
            return [manager]

    return StraightCompiler


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
