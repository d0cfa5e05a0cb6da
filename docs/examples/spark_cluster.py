"""Segment the customers of a table on a Spark cluster; run it with spark-submit.

spark-submit --master yarn --deploy-mode client spark_cluster.py \
    --sales s3a://lake/sales --customer customer_id --date sold_at --amount amount \
    --as-of 2026-01-15 --out s3a://lake/segments

Only the driver needs abcxyz (and narwhals): the executors see plain Spark expressions.
"""

from __future__ import annotations

import argparse
from datetime import date

from pyspark.sql import SparkSession
from pyspark.sql.functions import col

from abcxyz import Shares, Tangent
from abcxyz.frames import segmented


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("sales", "customer", "date", "amount", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--as-of", type=date.fromisoformat, required=True)
    parser.add_argument("--period", default="12M")
    parser.add_argument("--pareto", action="store_true", help="A by 80 % of the money")
    parser.add_argument("--zone", default="UTC", help="the time zone whose days count")
    parser.add_argument("--explain", action="store_true", help="print the plan of the result")
    args = parser.parse_args()

    spark = (
        SparkSession.builder.appName("abcxyz")
        .config("spark.sql.session.timeZone", args.zone)
        .config("spark.sql.adaptive.enabled", "true")
        .getOrCreate()
    )
    sales = spark.read.parquet(args.sales).where(col(args.customer).isNotNull())
    with segmented(
        sales,
        customer=args.customer,
        date=args.date,
        amount=args.amount,
        as_of=args.as_of,
        period=args.period,
        abc=Shares(0.80, 0.95) if args.pareto else Tangent(),
    ) as segments:
        if args.explain:
            segments.explain()
        # Written while the table of customers is still cached; afterwards it is let go.
        segments.write.mode("overwrite").parquet(args.out)
        counts = segments.groupBy("segment").count().orderBy("segment").collect()
    for row in counts:
        print(row["segment"] or "none", row["count"])
    spark.stop()


if __name__ == "__main__":
    main()
