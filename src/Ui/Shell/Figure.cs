using System.Globalization;

namespace Holdfast.Ui.Shell;

/// <summary>Numbers as the pages write them; an absent or undefined one is a dash.</summary>
internal static class Figure
{
    private const string None = "–";

    /// <summary>Four significant digits.</summary>
    public static string Number(double? value) => value switch
    {
        null or double.NaN => None,
        double.PositiveInfinity => "∞",
        double.NegativeInfinity => "−∞",
        0 => "0",
        { } x when Math.Abs(x) >= 1e7 || Math.Abs(x) < 1e-4 => x.ToString("0.###e0", CultureInfo.InvariantCulture),
        { } x when Math.Abs(x) >= 1000 && x == Math.Floor(x) => x.ToString("N0", CultureInfo.InvariantCulture),
        { } x => x.ToString("G4", CultureInfo.InvariantCulture),
    };

    /// <summary>A distance or a share with three decimals, so that a column of them lines up.</summary>
    public static string Fixed(double? value, int decimals = 3) =>
        value is { } x && double.IsFinite(x) ? x.ToString("F" + decimals, CultureInfo.InvariantCulture) : None;

    /// <summary>A p-value.</summary>
    public static string P(double? value) => value switch
    {
        null or double.NaN => None,
        < 0.0001 => "<0.0001",
        { } p => p.ToString("0.0000", CultureInfo.InvariantCulture),
    };

    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A share as a percentage.</summary>
    public static string Percent(double? share) => share switch
    {
        null or double.NaN => None,
        0 => "0 %",
        { } s when Math.Abs(s) < 0.0995 => (s * 100).ToString("0.##", CultureInfo.InvariantCulture) + " %",
        { } s => (s * 100).ToString("0.#", CultureInfo.InvariantCulture) + " %",
    };

    public static string Bytes(long bytes)
    {
        string[] units = ["B", "kB", "MB", "GB", "TB"];
        double value = bytes;
        var unit = 0;
        while (value >= 1000 && unit < units.Length - 1)
        {
            value /= 1000;
            unit++;
        }

        return value.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + units[unit];
    }

    public static string Duration(TimeSpan? span) => span switch
    {
        null => None,
        { TotalSeconds: < 1 } s => string.Create(CultureInfo.InvariantCulture, $"{s.TotalMilliseconds:0} ms"),
        { TotalMinutes: < 1 } s => string.Create(CultureInfo.InvariantCulture, $"{s.TotalSeconds:0.0} s"),
        { TotalHours: < 1 } s => string.Create(CultureInfo.InvariantCulture, $"{(int)s.TotalMinutes} min {s.Seconds} s"),
        { TotalDays: < 2 } s => string.Create(CultureInfo.InvariantCulture, $"{(int)s.TotalHours} h {s.Minutes} min"),
        { } s => string.Create(CultureInfo.InvariantCulture, $"{(int)s.TotalDays} d {s.Hours} h"),
    };

    public static string Time(DateTimeOffset? at) =>
        at is { } t ? t.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) : None;

    /// <summary>A word of the wire as people write it: <c>data_fault</c> is "data fault".</summary>
    public static string Words(string? word) => string.IsNullOrEmpty(word) ? None : word.Replace('_', ' ');
}
