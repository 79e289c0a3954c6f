"""Layouts in which other tools take labels; each is written from the lines of a release, in constant memory."""

from __future__ import annotations

from crowdqc.formats.layouts import hugging_face, label_studio, sagemaker, tables

__all__ = ["hugging_face", "label_studio", "sagemaker", "tables"]
