"""The steps of stars and of the warehouse are of the same classes."""

from __future__ import annotations

import pytest

from estrela.etl.base import ETLBase
from estrela.etl.extractor import Extractor
from estrela.etl.extractors.database_extractor import DatabaseExtractor
from estrela.etl.extractors.ftps_extractor import FtpsExtractor
from estrela.etl.extractors.rest_api_extractor import RestApiExtractor
from estrela.etl.loader import Loader
from estrela.etl.loaders.lake import LakeLoader
from estrela.etl.loaders.postgres import PostgresLoader
from estrela.etl.loaders.redshift import RedshiftLoader
from estrela.etl.steps.transform import TransformSource
from estrela.etl.steps.transform_feed import TransformFeed
from estrela.etl.transformer import Transformer


@pytest.mark.parametrize(
    ("base", "classes"),
    [
        (ETLBase, (Extractor, Transformer)),
        (Extractor, (RestApiExtractor, FtpsExtractor, DatabaseExtractor)),
        (Transformer, (TransformSource, TransformFeed)),
        (Loader, (LakeLoader, PostgresLoader, RedshiftLoader)),
    ],
)
def test_they_share_a_base(base: type, classes: tuple[type, ...]) -> None:
    assert all(issubclass(kind, base) for kind in classes)
