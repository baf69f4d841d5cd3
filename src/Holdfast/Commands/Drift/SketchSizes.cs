namespace Holdfast.Commands.Drift;

/// <summary>How much the sketches of <c>--approximate</c> may hold: what the memory allows for so many columns, and never more than is of use.</summary>
/// <param name="Kll">Size of a quantile sketch: its error falls as 1 / size, and it takes about 80 bytes times the size while it is compared.</param>
/// <param name="Values">Different numbers of a column counted exactly; beyond it the quantile sketch takes over.</param>
/// <param name="Texts">Different texts of a column counted for sure; up to twice as many are.</param>
/// <param name="Rows">Rows read at once.</param>
internal sealed record SketchSizes(int Kll, int Values, int Texts, int Rows)
{
    // Error 0.014 % of the rows; beyond it the time grows and nothing is decided better.
    private const int MostKll = 1 << 15;
    private const int MostRows = 1 << 14;

    public static SketchSizes For(int columns, long memory)
    {
        // Both files at once, a quarter of the memory for the quantile sketches, a quarter for the texts, an eighth for the rows being read.
        var share = memory / (4.0 * 2 * Math.Max(1, columns));
        var kll = (int)Math.Clamp(share / 80, 200, MostKll);
        return new SketchSizes(kll, Math.Max(64, kll / 8), (int)Math.Clamp(share / 200, 256, 1 << 15), (int)Math.Clamp(share / 32, 64, MostRows));
    }
}
