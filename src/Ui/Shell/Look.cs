using MudBlazor;

namespace Holdfast.Ui.Shell;

/// <summary>
/// Sizes and type of the MudBlazor parts. Colours come from holdfast.css alone, which sets MudBlazor's variables for both
/// themes: so the theme is right before any circuit exists.
/// </summary>
internal static class Look
{
    public static MudTheme Theme { get; } = new()
    {
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "4px", AppbarHeight = "44px" },
        Typography = new Typography
        {
            Default = new DefaultTypography
            {
                FontFamily = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "DejaVu Sans", "sans-serif"],
                FontSize = "0.8125rem",
                LineHeight = "1.45",
                LetterSpacing = "normal",
            },
            Button = new ButtonTypography { TextTransform = "none", FontSize = "0.8125rem", LetterSpacing = "normal" },
        },
    };
}
