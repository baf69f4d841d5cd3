using System.Xml.Linq;
using Holdfast.Storage.Sql;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Holdfast.Access;

/// <summary>The keys that protect forms and circuits, in the store: a page from one replica works with another.</summary>
public sealed class ProtectionKeys(Db db) : IXmlRepository
{
    // The framework's seam is synchronous; it asks once at start and when a key is renewed.

    /// <inheritdoc />
    public IReadOnlyCollection<XElement> GetAllElements() =>
        db.Read(tx => tx.Query("select xml from protection_key order by id", r => XElement.Parse(r.Text(0)))).GetAwaiter().GetResult();

    /// <inheritdoc />
    public void StoreElement(XElement element, string friendlyName)
    {
        ArgumentNullException.ThrowIfNull(element);
        db.Write(tx => tx.Execute("insert into protection_key (name, xml) values (@name, @xml)", ("name", friendlyName), ("xml", element.ToString(SaveOptions.DisableFormatting))))
            .GetAwaiter().GetResult();
    }
}
