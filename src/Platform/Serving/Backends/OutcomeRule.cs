using System.Globalization;
using System.Numerics;
using Holdfast.Contracts;
using Holdfast.Registry;

namespace Holdfast.Serving.Backends;

/// <summary>How the columns that a model answers for a row become a score and a label, by the package's task.</summary>
internal sealed class OutcomeRule(ModelPackage package)
{
    private readonly IReadOnlyList<string>? _classes = package.Signature.Outputs.FirstOrDefault(o => o.Categories is not null)?.Categories;

    /// <summary>Of two columns of a binary model the last one is the positive class.</summary>
    /// <param name="of">One value, or one a class.</param>
    /// <param name="label">The label that the model itself gave, of a multiclass model.</param>
    /// <exception cref="HoldfastException">The score is not a number.</exception>
    public Outcome Of<T>(ReadOnlySpan<T> of, string? label = null) where T : struct, INumber<T>
    {
        var best = package.Task switch
        {
            "binary" => of.Length - 1,
            "regression" => 0,
            _ => Highest(of),
        };
        var score = double.CreateChecked(of[best]);
        if (!double.IsFinite(score))
            throw new HoldfastException(ErrorCode.Internal, $"The model answered {score.ToString(CultureInfo.InvariantCulture)}, which is not a number.", "Train it with missing values, or declare defaults for the inputs that can be missing.");
        return new Outcome(score, package.Task switch
        {
            "binary" => score >= package.Threshold ? package.PositiveLabel : package.NegativeLabel,
            "regression" => Number(score),
            _ => label ?? (_classes is not null && best < _classes.Count ? _classes[best] : Number(best)),
        });
    }

    /// <summary>The column that wins.</summary>
    public static int Highest<T>(ReadOnlySpan<T> of) where T : struct, INumber<T>
    {
        var best = 0;
        for (var k = 1; k < of.Length; k++)
        {
            if (of[k] > of[best])
                best = k;
        }

        return best;
    }

    public static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
