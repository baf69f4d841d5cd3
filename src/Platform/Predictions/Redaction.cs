using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Predictions;

/// <summary>Takes out of a record what may not be written, before anything else sees it.</summary>
internal static class Redaction
{
    public static PredictionEntry Apply(PredictionEntry entry, LogRules rules, byte[] secret)
    {
        if (rules.Redact.Count == 0 && rules.Hash.Count == 0)
            return entry;
        var kept = new List<FeatureValue>(entry.Features.Count);
        foreach (var feature in entry.Features)
        {
            if (!rules.Redact.Contains(feature.Name))
                kept.Add(rules.Hash.Contains(feature.Name) ? Hashed(feature, secret) : feature);
        }

        return entry with { Features = kept };
    }

    /// <summary>The same value gives the same text within an endpoint; without the endpoint's secret nobody can try values out.</summary>
    private static FeatureValue Hashed(FeatureValue feature, byte[] secret)
    {
        if (feature.IsMissing)
            return feature;
        var text = feature.Text ?? feature.Number.ToString("R", CultureInfo.InvariantCulture);
        return FeatureValue.Of(feature.Name, "h:" + Convert.ToHexStringLower(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(text)).AsSpan(0, 12)));
    }
}
