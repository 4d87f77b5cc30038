import asyncio, os


async def shout(r, w):
    w.write((await r.readline()).upper())
    await w.drain()
    w.close()


async def main():
    server = await asyncio.start_unix_server(shout, 's')

    async def ask(i):
        r, w = await asyncio.open_unix_connection('s')
        w.write(b'hello %d\n' % i)
        x = await r.readline()
        w.close()
        return x

    print(await asyncio.gather(*[ask(i) for i in range(30)]))
    p = await asyncio.create_subprocess_exec('sort', '-r', stdin=-1, stdout=-1)
    print(await p.communicate(b'a\nb\nc\n'), p.returncode)
    print(
        await asyncio.gather(
            *[
                asyncio.to_thread(
                    lambda i=i: (open('f%d' % i, 'w').write(str(i)), open('f%d' % i).read())
                )
                for i in range(20)
            ]
        )
    )
    server.close()


asyncio.run(main())
