using System.Globalization;

namespace Holdfast.Predictions;

/// <summary>When an answer is right.</summary>
public static class Truth
{
    /// <summary>The same text, or the same number written differently (<c>1</c> and <c>1.0</c>).</summary>
    public static bool Same(string prediction, string label) =>
        prediction == label
        || (double.TryParse(prediction, NumberStyles.Float, CultureInfo.InvariantCulture, out var a)
            && double.TryParse(label, NumberStyles.Float, CultureInfo.InvariantCulture, out var b)
            && a.Equals(b));
}
