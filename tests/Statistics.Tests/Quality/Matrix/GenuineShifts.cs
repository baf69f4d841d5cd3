using System.Globalization;

namespace Holdfast.Statistics.Tests.Quality.Matrix;

/// <summary>A changed world: rows that are all real, drawn in another way or at another time.</summary>
/// <param name="Group">Row of the matrix.</param>
/// <param name="Name">What changed.</param>
internal sealed record GenuineShift(string Group, string Name, Frame Reference, Frame Current)
{
    /// <summary>The same table at two times.</summary>
    public static IEnumerable<GenuineShift> InTime(Draw draw, int windows)
    {
        yield return Of("taxi, January and April 2020", RealData.Taxi("taxi_2020-01_vs_2020-04.ref.csv"), RealData.Taxi("taxi_2020-01_vs_2020-04.cur.csv"));
        yield return Of("taxi, January and February 2019", RealData.TaxiMonths().January, RealData.TaxiMonths().February);
        yield return Of("taxi, January 2019 and January 2020", RealData.Taxi("taxi_2019-01_vs_2019-02.ref.csv"), RealData.Taxi("taxi_2020-01_vs_2020-04.ref.csv"));
        yield return Of("passengers, two lists", RealData.Titanic("ref"), RealData.Titanic("cur"));
        yield return Of("tumours, two halves", RealData.BreastCancer("ref"), RealData.BreastCancer("cur"));
        for (var i = 0; i < windows; i++)
        {
            var size = 48 * (7 + draw.Below(50));
            int early = draw.Below(45_312 - 3 * size), late = early + size + draw.Below(45_312 - early - 2 * size);
            yield return Of($"electricity, {size} half-hours from {early} and {late}", RealData.Electricity(early, size), RealData.Electricity(late, size));
        }

        static GenuineShift Of(string name, Frame reference, Frame current) => new("another time", name, reference, current);
    }

    /// <summary>One half of a table against the other, of which some rows were kept more often than others.</summary>
    public static IEnumerable<GenuineShift> InPopulation(string table, Frame all, Draw draw)
    {
        foreach (var column in all.Numbers.Keys)
        {
            var (mean, sd) = Samples.MeanSd(Samples.Finite(all.Numbers[column]));
            if (!(sd > 0)) continue;
            foreach (var tilt in new[] { -1.5, -0.7, 0.7, 1.5 })
            {
                var (reference, current) = all.Halves(draw);
                var z = current.Numbers[column].Select(x => double.IsNaN(x) ? 0 : Math.Clamp((x - mean) / sd, -3, 3)).ToArray();
                var top = z.Max(x => Math.Exp(tilt * x));
                // Drawn with replacement up to the size of the reference would repeat rows; kept rows are each real once.
                yield return new GenuineShift("other weights along a quantity", $"{table}: {column} tilted by {tilt.ToString(CultureInfo.InvariantCulture)}", reference, current.Where(i => draw.Coin(Math.Min(1, 4 * Math.Exp(tilt * z[i]) / top))));
            }
            foreach (var low in new[] { true, false })
            {
                // Without its upper or lower half a column of few levels is a constant: nobody could tell.
                if (!Injection.IsQuantity(all.Numbers[column])) continue;
                var (reference, current) = all.Halves(draw);
                var median = Samples.Quantile(Samples.SortedFinite(reference.Numbers[column]), 0.5);
                var values = current.Numbers[column];
                foreach (var kept in new[] { 0.0, 0.3 })
                    yield return new GenuineShift("a segment left", $"{table}: {kept:P0} of the {(low ? "lower" : "upper")} half of {column} left", reference, current.Where(i => values[i] <= median != low || draw.Coin(kept)));
            }
            // Each value grows by its own factor: dearer, but not one factor.
            var (before, after) = all.Halves(draw);
            yield return new GenuineShift("growth, each row by its own factor", $"{table}: {column} grows", before, after.With(column, [.. after.Numbers[column].Select(x => Round(all.Numbers[column], x * draw.LogNormal(0.3, 0.25)))]));
        }
        foreach (var column in all.Texts.Keys)
        {
            foreach (var value in all.Texts[column].Where(x => x is not null).Distinct().Order(StringComparer.Ordinal).ToList())
            {
                foreach (var kept in new[] { 0.0, 0.2 })
                {
                    var (reference, current) = all.Halves(draw);
                    var values = current.Texts[column];
                    yield return new GenuineShift("other mix of categories", $"{table}: {kept:P0} of {column} = {value} kept", reference, current.Where(i => values[i] != value || draw.Coin(kept)));
                    (reference, current) = all.Halves(draw);
                    var others = current.Texts[column];
                    yield return new GenuineShift("other mix of categories", $"{table}: {kept:P0} of other than {column} = {value} kept", reference, current.Where(i => others[i] == value || draw.Coin(kept)));
                    (reference, current) = all.Halves(draw);
                    var before = reference.Texts[column];
                    yield return new GenuineShift("new category", $"{table}: {column} = {value} was rare", reference.Where(i => before[i] != value || draw.Coin(kept / 5)), current);
                }
            }
        }
    }

    /// <summary>The later month comes in slowly: a mixture of both.</summary>
    public static IEnumerable<GenuineShift> InMixture(Draw draw)
    {
        var (january, april) = (RealData.Taxi("taxi_2020-01_vs_2020-04.ref.csv"), RealData.Taxi("taxi_2020-01_vs_2020-04.cur.csv"));
        foreach (var share in new[] { 0.2, 0.4, 0.6, 0.8 })
        {
            foreach (var sudden in new[] { false, true })
            {
                var (reference, rest) = january.Halves(draw);
                var mixed = rest.Where(_ => draw.Coin(1 - share)).Append(april.Where(_ => draw.Coin(share / 2)));
                yield return new GenuineShift("mixture of two months", $"taxi, {share:P0} of April 2020{(sudden ? ", suddenly" : "")}", reference, sudden ? mixed : mixed.Take(draw.Shuffled(mixed.Rows)));
            }
        }
    }

    // As fine as the column is: whole numbers stay whole, cents stay cents.
    private static double Round(double[] like, double value)
    {
        for (var digits = 0; digits <= 3; digits++)
        {
            if (like.All(x => double.IsNaN(x) || Math.Abs(x - Math.Round(x, digits)) < 1e-9)) return Math.Round(value, digits);
        }
        return value;
    }
}
