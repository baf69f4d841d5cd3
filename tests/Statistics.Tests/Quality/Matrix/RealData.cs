using Holdfast.Statistics.Tests.Oracles;

namespace Holdfast.Statistics.Tests.Quality.Matrix;

/// <summary>The real tables, typed as their owners would: codes as words, quantities as numbers.</summary>
internal static class RealData
{
    public static Frame Taxi(string month) => Frame.Read(Oracle.Path(month))
        .Named("vendor_id", "Other", "Creative Mobile", "VeriFone")
        .Named("payment_type", "Other", "Credit card", "Cash", "No charge", "Dispute");

    /// <summary>
    /// Two months of which the later has a real defect: 15 % of its rows have no passengers, none of January's. The column is left out, so that the rest is a changed
    /// world and a base for defects of our own.
    /// </summary>
    public static (Frame January, Frame February) TaxiMonths()
    {
        var (january, february) = (Taxi("taxi_2019-01_vs_2019-02.ref.csv"), Taxi("taxi_2019-01_vs_2019-02.cur.csv"));
        january.Numbers.Remove("passenger_count");
        february.Numbers.Remove("passenger_count");
        return (january, february);
    }

    public static Frame Titanic(string side) => Frame.Read(Oracle.Path($"titanic.{side}.csv"));

    public static Frame BreastCancer(string side) => Frame.Read(Oracle.Path($"breast_cancer_halves.{side}.csv"));

    /// <summary>Every third of the thirty measurements: the others are the same ones in another form.</summary>
    public static Frame Tumours()
    {
        var all = BreastCancer("ref").Append(BreastCancer("cur"));
        foreach (var name in all.Numbers.Keys.Where((_, i) => i % 3 != 0).ToList()) all.Numbers.Remove(name);
        return all;
    }

    /// <summary>Half-hours of the electricity market from row <paramref name="from"/>.</summary>
    public static Frame Electricity(int from, int count) => Frame.Read(Path.Combine(Path.GetDirectoryName(Oracle.Path("scenarios.json"))!, "..", "data", "elec2.csv"), from, count).Named("class", "DOWN", "UP");
}
