"""Functions of Trino that are refused by name; any other unknown name is FUNCTION_NOT_FOUND, as in Trino.

Source: SHOW FUNCTIONS of Trino 476.
"""

from __future__ import annotations

_NAMES = """
    approx_most_frequent approx_set array_histogram bar beta_cdf bing_tile bing_tile_at bing_tile_coordinates
    bing_tile_polygon bing_tile_quadkey bing_tile_zoom_level bing_tiles_around bitwise_left_shift
    bitwise_right_shift bitwise_right_shift_arithmetic bitwise_xor_agg checksum classify color contains_sequence
    convex_hull_agg cosine_distance cosine_similarity current_groups current_timezone dot_product
    empty_approx_set euclidean_distance evaluate_classifier_predictions exclude_columns features format_number
    from_base32 from_encoded_polyline from_geojson_geometry from_iso8601_timestamp_nanos from_unixtime_nanos
    geometry_from_hadoop_shape geometry_invalid_reason geometry_nearest_points geometry_to_bing_tiles
    geometry_union geometry_union_agg great_circle_distance hash_counts intersection_cardinality
    inverse_beta_cdf inverse_normal_cdf jaccard_index json_array json_array_contains json_array_get
    json_object kurtosis learn_classifier learn_libsvm_classifier learn_libsvm_regressor
    learn_regressor line_interpolate_point line_interpolate_points line_locate_point make_set_digest map_union
    map_zip_with match_recognize merge merge_set_digest multimap_from_entries murmur3 normal_cdf
    numeric_histogram parse_data_size parse_duration parse_presto_data_size qdigest_agg quantile_at_value
    reduce_agg regexp_position regress render rgb shuffle simplify_geometry spatial_partitioning
    spatial_partitions spooky_hash_v2_32 spooky_hash_v2_64 st_area st_asbinary st_astext st_boundary st_buffer
    st_centroid st_contains st_convexhull st_coorddim st_crosses st_difference st_dimension st_disjoint
    st_distance st_endpoint st_envelope st_envelopeaspts st_equals st_exteriorring st_geometries
    st_geometryfromtext st_geometryn st_geometrytype st_geomfrombinary st_geomfromkml st_interiorringn
    st_interiorrings st_intersection st_intersects st_isclosed st_isempty st_isring st_issimple st_isvalid
    st_length st_linefromtext st_linestring st_multipoint st_numgeometries st_numinteriorring st_numpoints
    st_overlaps st_point st_pointn st_points st_polygon st_relate st_startpoint st_symdifference st_touches
    st_union st_within st_x st_xmax st_xmin st_y st_ymax st_ymin t_cdf t_pdf tdigest_agg timezone to_base32
    to_encoded_polyline to_geojson_geometry to_geometry to_milliseconds to_spherical_geography value_at_quantile
    values_at_quantiles version wilson_interval_lower wilson_interval_upper word_stem xxhash64
"""
UNSUPPORTED = frozenset(_NAMES.split())
