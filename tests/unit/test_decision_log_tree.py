"""The log's tree, proofs and tiles, against pymerkle, vectors of Certificate Transparency, and RFC 9162."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from events.domain.decision_log.merkle import (
    EMPTY_ROOT,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
)
from events.domain.decision_log.tiles import Tile, nodes_of_tiles, perfect_root, read_tile
from verify.omnify_verify import root_of

# Of the tests of Certificate Transparency: the leaves, and the root of the first one, two, ... of them.
LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def oracle(size: int) -> InmemoryTree:
    return InmemoryTree.init_from_entries([entry(n) for n in range(size)], algorithm="sha256")


def entry(number: int) -> bytes:
    return b"entry %d" % number


def hashes(size: int) -> list[bytes]:
    return [leaf_hash(entry(n)) for n in range(size)]


def grown(steps: list[int]) -> tuple[Tree, list[bytes]]:
    """A tree that grew by these steps, and the hashes of its complete tiles."""
    tree, tiles = Tree(), list[bytes]()
    leaves = hashes(sum(steps))
    for step in steps:
        tree, more = tree.append(leaves[tree.size : tree.size + step])
        tiles += more
    return tree, tiles


def nodes_of(size: int) -> object:
    leaves = hashes(size)

    def read(tile: Tile) -> list[bytes]:
        assert tile.level is not None
        assert tile.is_in(size)
        span = 1 << 8 * tile.level
        return [perfect_root(leaves[n * span : (n + 1) * span]) for n in range(tile.first, tile.first + tile.width)]

    return nodes_of_tiles(read, size)


@pytest.mark.parametrize("size", range(1, 9))
def test_a_tree_has_the_root_that_everyone_else_computes(size: int) -> None:
    leaves = [leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES[:size]]
    assert Tree().append(leaves)[0].root.hex() == ROOTS[size - 1]
    assert root_of(leaves).hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Tree().root == EMPTY_ROOT == root_of([]) == sha256(b"").digest()


@given(st.lists(st.integers(0, 270), max_size=3))
def test_a_tree_that_grows_by_any_steps_is_the_tree_of_all_its_leaves(steps: list[int]) -> None:
    tree, tiles = grown(steps)
    size = sum(steps)
    assert tree.size == size
    assert Tree.unpack(size, tree.packed) == tree
    if size:
        assert tree.root == oracle(size).get_state(size) == root_of(hashes(size))
    leaves = hashes(size)
    assert tiles == [perfect_root(leaves[at : at + 256]) for at in range(0, size // 256 * 256, 256)]


@given(st.data(), st.integers(1, 300))
def test_an_inclusion_proof_is_pymerkles(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_proof(index, size, nodes_of(size))
    assert path == oracle(size).prove_inclusion(index + 1, size).path[1:]
    assert included(leaf_hash(entry(index)), index, size, path) == oracle(size).get_state(size)


@given(st.data(), st.integers(1, 300))
def test_a_consistency_proof_convinces_the_verifier_of_rfc_9162(data: st.DataObject, size: int) -> None:
    old = data.draw(st.integers(1, size))
    path = consistency_proof(old, size, nodes_of(size))
    assert continues(old, size, oracle(size).get_state(old), oracle(size).get_state(size), path)
    if path:
        assert not continues(
            old, size, oracle(size).get_state(old), oracle(size).get_state(size), [*path[:-1], bytes(32)]
        )


def included(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """RFC 9162, 2.1.3.2: the root that this path proves."""
    fn, sn, found = index, size - 1, leaf
    for sibling in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            found = node_hash(sibling, found)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = node_hash(found, sibling)
        fn, sn = fn >> 1, sn >> 1
    return found if sn == 0 else None


def continues(old: int, size: int, old_root: bytes, root: bytes, path: list[bytes]) -> bool:
    """RFC 9162, 2.1.4.2."""
    if old == size:
        return not path and old_root == root
    path = [old_root, *path] if old.bit_count() == 1 else path
    fn, sn = old - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and (fr, sr) == (old_root, root)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "0/000"),
        (Tile(1, 1234067), "1/x001/x234/067"),
        (Tile(None, 5, 7), "entries/005.p/7"),
        (Tile(2, 1000, 255), "2/x001/000.p/255"),
    ],
)
def test_a_tile_is_named_as_c2sp_names_it(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert read_tile(path) == tile


@pytest.mark.parametrize(
    "path",
    ["", "0/0", "0/1000", "0/x000/001", "00/000", "6/000", "0/000.p/0", "0/000.p/256", "entry/000", "0/000/", "-1/0"],
)
def test_no_other_spelling_is_a_tile(path: str) -> None:
    assert read_tile(path) is None


def test_only_what_is_complete_is_in_a_tree() -> None:
    assert Tile(0, 0, 5).is_in(5)
    assert not Tile(0, 0, 6).is_in(5)
    assert not Tile(1, 0, 1).is_in(255)
    assert Tile(1, 0, 1).is_in(256)
    assert not Tile(1, 0).is_in(65535)


@pytest.mark.parametrize("bad", [(-1, 3), (3, 3)])
def test_a_leaf_that_is_not_there_has_no_proof(bad: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(*bad, nodes_of(3))


def test_a_frontier_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="frontier"):
        Tree.unpack(3, bytes(32))
