"""What LLVM's assembly with its comments says: which instructions are in loops, stack, calls."""

import re

LABEL = re.compile(r"\.L(BB\w+):|(?://|#) (%bb\.\d+):")
COMMENT = re.compile(r"\s*(//|#)")
INSTRUCTION = re.compile(r"\s+[a-z]")
STACK = re.compile(r"\[sp\b|\(%rsp|Spill|Reload")
CALL = re.compile(r"\s+(?:blr?|call\w*)\s+(\S+)", re.MULTILINE)


def inner_loops(assembly):
    """Return the instructions of each loop that has no other loop in it."""
    loops = {}
    for label, remarks, instructions in _blocks(assembly):
        outer = re.search(r"in Loop: Header=(\w+)", remarks)
        if "Inner Loop Header" in remarks:
            loops[label] = instructions
        elif outer and outer[1] in loops:
            loops[outer[1]] += instructions
    return loops


def _blocks(assembly):
    """Return the label of each basic block, what is remarked on it, and its instructions."""
    blocks = []
    for line in assembly.splitlines():
        if label := LABEL.match(line):
            blocks.append([label[1] or label[2], line, []])
        elif blocks and COMMENT.match(line) and not blocks[-1][2]:
            blocks[-1][1] += line
        elif blocks and INSTRUCTION.match(line):
            blocks[-1][2].append(line.strip())
    return sorted(blocks, key=lambda block: "Inner Loop Header" not in block[1])


def on_stack(instructions):
    """Return the instructions that read or write the stack: spills, reloads and whatever else."""
    return [instruction for instruction in instructions if STACK.search(instruction)]


def calls(assembly):
    """Return what is called: names, or registers that hold addresses."""
    return CALL.findall(assembly)
