/// Random numbers that belong to what they are drawn for, and points of random axes drawn with them.
module internal SimCLR.Sampling

open System
open System.Buffers.Binary
open System.Collections.Generic
open System.Security.Cryptography
open System.Text

/// A number from 0 to below 1, even, that only a seed, a number and a name decide, on every machine alike: 53 bits of their SHA-256.
let uniform (seed: int) (number: int) (name: string) =
    let text = $"simclr sample\n{string seed}\n{string number}\n{name}"
    let digest = SHA256.HashData(Encoding.UTF8.GetBytes text)
    let bits = BinaryPrimitives.ReadUInt64LittleEndian(ReadOnlySpan(digest, 0, 8))
    float (bits >>> 11) * (1.0 / 9007199254740992.0)

/// The value at that part, from 0 to below 1, of a distribution.
let ofUnit part distribution =
    match distribution with
    | Distribution.Range range -> AxisValue.Number(NumberRange.ofUnit part range)
    | Distribution.Choice values -> values[int (part * float values.Length)]

/// A value for each axis.
let point seed number (axes: RandomAxis list) =
    [ for axis in axes -> ofUnit (uniform seed number axis.Name) axis.Distribution ]

/// Draws without a new point after which the axes count as exhausted.
let private patience = 10_000

/// So many different points; what was drawn before is drawn again. The first points of more are those of fewer.
let points count seed (axes: RandomAxis list) =
    if count < 1 then
        wrongValue $"{count} cells are asked for; ask for 1 or more."

    let seen = HashSet()
    let drawn = List()
    let mutable number = 0
    let mutable newest = 0

    while drawn.Count < count do
        if number - newest > patience then
            let names = axes |> List.map _.Name |> String.concat ", "

            wrongValue
                $"{count} cells are asked for, but {patience} draws in a row gave none but the {drawn.Count} that are known; ask for fewer, or widen the axes: {names}."

        let next = point seed number axes

        if seen.Add next then
            drawn.Add next
            newest <- number

        number <- number + 1

    List.ofSeq drawn
