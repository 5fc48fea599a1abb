"""Builds that are broken on purpose can be made of the tree as it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from chaos.broken import BUILDS, DoesNotApply, apply
from chaos.layout import LAYOUTS
from omnify.embedded.programs import ROOT


def _copy_edited_files(name: str, tree: Path) -> None:
    for edit in BUILDS[name].edits:
        (tree / edit.file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / edit.file, tree / edit.file)


@pytest.mark.parametrize("name", sorted(BUILDS))
def test_the_edits_of_a_broken_build_apply_and_leave_python(name: str, tmp_path: Path) -> None:
    _copy_edited_files(name, tmp_path)
    apply(BUILDS[name], tmp_path)
    for edit in BUILDS[name].edits:
        text = (tmp_path / edit.file).read_text("utf-8")
        assert edit.new in text
        compile(text, edit.file, "exec")


@pytest.mark.parametrize("name", sorted(BUILDS))
def test_an_edit_that_no_longer_applies_is_refused(name: str, tmp_path: Path) -> None:
    _copy_edited_files(name, tmp_path)
    apply(BUILDS[name], tmp_path)
    with pytest.raises(DoesNotApply):
        apply(BUILDS[name], tmp_path)


@pytest.mark.parametrize("name", sorted(BUILDS))
def test_the_faults_of_a_broken_build_have_targets(name: str) -> None:
    build = BUILDS[name]
    layout = LAYOUTS[build.hosts]
    known = {node.name for node in layout.nodes} | set(layout.hosts)
    assert build.faults and {fault.target for fault in build.faults} <= known
