namespace Holdfast.Statistics.Tests;

/// <summary>
/// The finite-sample law of the one-sample two-sided Kolmogorov-Smirnov statistic, by the best method for each region
/// (Simard and L'Ecuyer, Journal of Statistical Software 39(11), 2011; Marsaglia, Tsang and Wang 2003; Pelz and Good 1976; Smirnov 1944).
/// </summary>
public static class KolmogorovFinite
{
    private const int Many = 20_000;

    /// <summary>P(D_n &gt;= x), x in [0, 1], for <paramref name="n"/> &gt;= 1 values. In [0, 1]; about 10 digits, also in the far tail.</summary>
    public static double Sf(int n, double x)
    {
        if (n < 1 || double.IsNaN(x)) return double.NaN;
        if (x >= 1) return 0;
        var t = n * x;
        if (t <= 0.5) return 1;
        if (t <= 1) return 1 - Math.Exp(Distributions.LogGamma(n + 1.0) - n * Math.Log(n) + n * Math.Log(2 * t - 1));
        if (t >= n - 1) return 2 * Math.Pow(1 - x, n);
        var square = t * x;
        if (square >= 370) return 0;
        if (x >= 0.5 || square >= (n <= 140 ? 4 : 2.2)) return Math.Min(1, 2 * (n < Many ? OneSided(n, x) : OneSidedOfMany(n, x)));
        if (n <= 140 || (n <= 100_000 && n * Math.Pow(x, 1.5) <= 1.4)) return Math.Clamp(1 - DurbinMatrix(n, x), 0, 1);
        return Math.Clamp(1 - PelzGood(n, x), 0, 1);
    }

    // Smirnov's one-sided tail; all terms positive, in logarithms.
    private static double OneSided(int n, double x)
    {
        var last = (int)Math.Floor(n * (1 - x));
        var choose = 0.0; // ln C(n, j)
        double sum = 0;
        for (var j = 0; j <= last; j++)
        {
            var rest = 1 - x - (double)j / n;
            if (rest > 0) sum += Math.Exp(choose + (j - 1) * Math.Log(x + (double)j / n) + (n - j) * Math.Log(rest));
            choose += Math.Log((double)(n - j) / (j + 1));
        }
        return x * sum;
    }

    // The same sum for many values. Its terms, binomial probabilities of j at x + j / n divided by that, are a smooth hill with the width
    // sqrt(n) / (4 x), flat at both ends; every h-th of them times h is the sum up to exp(-2 pi^2 (width / h)^2), far below rounding. The probabilities
    // in Loader's form (2000), which leaves no large logarithms to cancel.
    private static double OneSidedOfMany(int n, double x)
    {
        var shift = n * x;
        var step = Math.Max(1, Math.Min(n / 4096, (int)(Math.Sqrt(n) / (16 * x))));
        double sum = 0;
        for (long j = step; n - j - shift > 0; j += step)
        {
            var rest = (double)(n - j);
            var exponent = StirlingError(n) - StirlingError(j) - StirlingError(rest) + j * Log1P(shift / j) + rest * Log1P(-shift / rest);
            sum += Math.Exp(exponent) * Math.Sqrt(n / (2 * Math.PI * j * rest)) / (x + (double)j / n);
        }
        return x * step * sum;
    }

    // ln n! - ln(sqrt(2 pi n) (n / e)^n).
    private static double StirlingError(double n) => (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - 1 / (1680 * n * n)) / (n * n)) / (n * n)) / n;

    private static double Log1P(double x)
    {
        var y = 1 + x;
        return y == 1 ? x : Math.Log(y) * (x / (y - 1));
    }

    private static double DurbinMatrix(int n, double d)
    {
        var k = (int)(n * d) + 1;
        var size = 2 * k - 1;
        var h = k - n * d;
        var matrix = new double[size * size];
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < size; j++) matrix[i * size + j] = i - j + 1 < 0 ? 0 : 1;
        }
        for (var i = 0; i < size; i++)
        {
            matrix[i * size] -= Math.Pow(h, i + 1);
            matrix[(size - 1) * size + i] -= Math.Pow(h, size - i);
        }
        matrix[(size - 1) * size] += 2 * h - 1 > 0 ? Math.Pow(2 * h - 1, size) : 0;
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < size; j++)
            {
                for (var g = 2; g <= i - j + 1; g++) matrix[i * size + j] /= g;
            }
        }
        var (power, exponent) = Power(matrix, size, n);
        var s = power[(k - 1) * size + k - 1];
        for (var i = 1; i <= n; i++)
        {
            s = s * i / n;
            if (s < 1e-140)
            {
                s *= 1e140;
                exponent -= 140;
            }
        }
        return s * Math.Pow(10, exponent);
    }

    private static (double[] Matrix, int Exponent) Power(double[] matrix, int size, int n)
    {
        if (n == 1) return (matrix, 0);
        var (half, exponent) = Power(matrix, size, n / 2);
        var result = Multiply(half, half, size);
        exponent *= 2;
        if (n % 2 == 1) result = Multiply(matrix, result, size);
        if (result[size / 2 * size + size / 2] > 1e140)
        {
            for (var i = 0; i < result.Length; i++) result[i] *= 1e-140;
            exponent += 140;
        }
        return (result, exponent);
    }

    private static double[] Multiply(double[] a, double[] b, int size)
    {
        var result = new double[size * size];
        for (var i = 0; i < size; i++)
        {
            for (var k = 0; k < size; k++)
            {
                var factor = a[i * size + k];
                if (factor == 0) continue;
                for (var j = 0; j < size; j++) result[i * size + j] += factor * b[k * size + j];
            }
        }
        return result;
    }

    private static double PelzGood(int n, double x)
    {
        var z = Math.Sqrt(n) * x;
        double z2 = z * z, z4 = z2 * z2, z6 = z4 * z2, pi2 = Math.PI * Math.PI;
        double k0 = 0, k1 = 0, k2 = 0, k3 = 0, k2Whole = 0, k3Whole = 0;
        for (var k = 0; k < 40; k++)
        {
            var u = pi2 * (k + 0.5) * (k + 0.5);
            var weight = 2 * Math.Exp(-u / (2 * z2)); // k and -k-1 together
            k0 += weight;
            k1 += (u - z2) * weight;
            k2 += (6 * z6 + 2 * z4 + u * (2 * z4 - 5 * z2) + u * u * (1 - 2 * z2)) * weight;
            k3 += (u * u * u * (5 - 30 * z2) + u * u * (-60 * z2 + 212 * z4) + u * (135 * z4 - 96 * z6) - (30 * z6 + 90 * z4 * z4)) * weight;
            if (k == 0) continue;
            var v = pi2 * k * k;
            var whole = 2 * Math.Exp(-v / (2 * z2));
            k2Whole += v * whole;
            k3Whole += (3 * v * z2 - v * v) * whole;
        }
        var root = Math.Sqrt(Math.PI / 2);
        var first = root / z * k0;
        var second = root / (6 * z4) * k1;
        var third = root / (72 * z6 * z) * k2 - root / (36 * z2 * z) * k2Whole;
        var fourth = root / (6480 * z6 * z4) * k3 + root / (216 * z6) * k3Whole;
        return first + second / Math.Sqrt(n) + third / n + fourth / (n * Math.Sqrt(n));
    }
}
