"""``python -m allocator`` is the command."""

from pathlib import Path

from cli.running import HANDMADE, start


def test_python_m_allocator_is_the_command(tmp_path: Path):
    """With warnings as errors, and nothing on stdout but the answer."""
    process = start("solve", HANDMADE, "--workers", "1", "--json", cwd=tmp_path)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    assert stdout.startswith('{"status": "OPTIMAL"')
    assert list(tmp_path.iterdir()) == []
