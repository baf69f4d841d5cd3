using System.Globalization;

namespace Holdfast.Statistics.Tests;

/// <summary>Measured figures of simulations, shown with the test's output.</summary>
internal static class Figures
{
    public static void Row(string title, string[] columns, object[] cells)
    {
        var shown = columns.Zip(cells, (column, cell) => column + " = " + Convert.ToString(cell is double x ? Math.Round(x, 4) : cell, CultureInfo.InvariantCulture));
        TestContext.Current.TestOutputHelper?.WriteLine(title + ": " + string.Join(", ", shown));
    }
}
